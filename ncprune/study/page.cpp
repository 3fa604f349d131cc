#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "ncprune/study/grouping.h"
#include "ncprune/study/significance.h"
#include "ncprune/study/study.h"
#include "ncprune/version.h"

namespace ncprune {
namespace {

// "cifar10, exp:100".
std::string problem_text(const StudyRow& row) {
  return fmt::format("{}, {}", row.cell.data, row.cell.imbalance);
}

// A name that distinguishes the studies of a database, such as "resnet:20", followed by the parts
// removed if these are not weights, by the pattern of all masks if there is one, and by "trained
// further" where some networks are.
std::string study_of(const StudyRow& row) {
  std::string name = setting(row.cell.settings, "architecture", "?");
  if (!removes_weights(row.cell.settings)) {
    name += fmt::format(", {} removed", removed_parts(row.cell.settings));
  }
  const std::string pattern = setting(row.cell.settings, "pattern", "");
  if (!pattern.empty()) name += ", " + pattern;
  if (Json::parse(row.cell.settings).contains("finetune")) name += ", trained further";
  return name;
}

// A sentence on the balanced accuracy at the highest sparsity, with the methods in the grid's
// order; empty when no network is pruned yet.
std::string verdict(const StudyRows& treatment, const std::string& name) {
  const auto mean_balanced = [&](const std::string& method, double sparsity) {
    return mean(values_of(rows_at(rows_of_method(treatment, method), sparsity), balanced_accuracy));
  };
  const std::vector<double> sparsities = sparsities_of(treatment);
  std::vector<std::string> kept;
  for (const std::string& method : distinct(pruned_rows(treatment), &StudyCell::method)) {
    const double balanced = mean_balanced(method, sparsities.back());
    if (std::isnan(balanced)) continue;  // an unfinished study has gaps
    kept.push_back(fmt::format("{} {} %", method, percent(balanced)));
  }
  if (kept.empty()) return "";
  const StudyCell& first = treatment.front().cell;
  return fmt::format("{}, {}: of {} % balanced accuracy, {} leave {}.", name, first.treatment,
                     percent(mean_balanced(kDenseMethod, 0)),
                     removal_text(first.settings, sparsities.back()), fmt::join(kept, ", "));
}

std::vector<uint64_t> seeds_of(const StudyRows& rows) {
  std::vector<uint64_t> seeds = distinct(rows, &StudyCell::seed);
  std::sort(seeds.begin(), seeds.end());
  return seeds;
}

// Tests of the differences between methods, over data sets, imbalances and seeds.
Section sureness(const StudyRows& study, const std::string& title, const std::string& reference) {
  Section section{title};
  section.paragraphs = {
      "A problem is a data set, an imbalance and a seed. The interval and the first p-value come "
      "from drawing the test samples anew, the same for both methods and for all problems of a "
      "data set, the other from Wilcoxon's test over problems; both are adjusted for all methods "
      "(Holm). Common scores are those with which every network predicts the classes as often as "
      "the dense one: decisions are moved from common to rare classes or back, by validation "
      "data."};
  for (const Ranking& ranking : rankings(study, reference)) {
    section.tables.push_back(ranking_table(ranking));
    const std::string caveat = ranking_caveat(ranking);
    if (!caveat.empty() && section.paragraphs.back() != caveat)
      section.paragraphs.push_back(caveat);
    if (auto figure = ranking_figure(ranking)) section.figures.push_back(std::move(*figure));
  }
  if (section.tables.empty()) {
    section.paragraphs = {
        "No method is held against the others: there is only one, or the rows have no "
        "validation data to choose it on, and none was named."};
  }
  return section;
}

}  // namespace

Page study_page(const std::vector<StudyRow>& rows, const std::string& file,
                const std::string& reference) {
  Page page{fmt::format("Study: {}", file), {}, {}};
  Section repeat{"How to repeat this", {}};
  const auto studies = grouped(rows, [](const StudyRow& row) { return row.cell.settings; });
  for (const StudyRows& study : studies) {
    const std::string name = study_of(study[0]);
    const bool alone = studies.size() == 1;
    for (const StudyRows& own : grouped(study, problem_text)) {
      const std::string problem = problem_text(own[0]);
      Section section{fmt::format("{}, {}", problem, name)};
      section.paragraphs = {fmt::format("Means over seeds {}; intervals are 95 % of the mean.",
                                        fmt::join(seeds_of(own), ", "))};
      const std::vector<StudyRows> treatments =
          grouped(own, [](const StudyRow& row) { return row.cell.treatment; });
      // The tables show the other treatments.
      std::string line = verdict(treatments.front(), alone ? problem : section.title);
      if (!line.empty()) page.verdict.push_back(std::move(line));
      for (const StudyRows& treatment : treatments) {
        for (Figure& figure : sparsity_curves(treatment)) {
          figure.title += ", " + treatment[0].cell.treatment;
          section.figures.push_back(std::move(figure));
        }
      }
      section.tables = league_tables(own);
      page.sections.push_back(std::move(section));
    }
    const std::string sure = "How sure the differences are";
    page.sections.push_back(
        sureness(study, alone ? sure : fmt::format("{}: {}", sure, name), reference));
    repeat.paragraphs.push_back("Settings: " + study[0].cell.settings);
  }
  repeat.paragraphs.insert(repeat.paragraphs.begin(),
                           fmt::format("From {} by ncprune {}.", file, NCPRUNE_VERSION));
  page.sections.push_back(std::move(repeat));
  return page;
}

}  // namespace ncprune
