#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "ncprune/study/significance.h"
#include "ncprune/study/study.h"

namespace ncprune {
namespace {

using Rows = std::vector<StudyRow>;

// Rows that share what `key` gives, groups and rows in their order.
template <typename Key>
std::vector<Rows> groups_by(const Rows& rows, const Key& key) {
  std::vector<Rows> groups;
  for (const StudyRow& row : rows) {
    const auto own = std::find_if(groups.begin(), groups.end(),
                                  [&](const Rows& group) { return key(group[0]) == key(row); });
    if (own != groups.end()) {
      own->push_back(row);
    } else {
      groups.push_back({row});
    }
  }
  return groups;
}

double mean_balanced(const Rows& rows, const std::string& method, double sparsity) {
  double sum = 0;
  double count = 0;
  for (const StudyRow& row : rows) {
    if (row.method != method || (method != "dense" && row.sparsity != sparsity)) continue;
    sum += row.result.clean.balanced_accuracy;
    ++count;
  }
  return sum / count;
}

// "cifar10, exp:100".
std::string problem_of(const StudyRow& row) {
  return fmt::format("{}, {}", row.data, row.imbalance);
}

// What tells the studies of a database apart: "resnet:20", with what is removed unless it is
// weights, and "trained further" where some networks are.
std::string study_of(const StudyRow& row) {
  std::string name = setting(row.settings, "architecture", "?");
  if (const std::string parts = removed_parts(row.settings); parts != "weights") {
    name += fmt::format(", {} removed", parts);
  }
  if (Json::parse(row.settings).contains("finetune")) name += ", trained further";
  return name;
}

// What is left at the highest sparsity, the methods in the grid's order; empty where nothing is
// pruned yet.
std::string verdict(const Rows& treatment, const std::string& name) {
  double highest = 0;
  for (const StudyRow& row : treatment) highest = std::max(highest, row.sparsity);
  std::vector<std::string> kept;
  for (const Rows& own : groups_by(treatment, [](const StudyRow& r) { return r.method; })) {
    const std::string& method = own[0].method;
    const double mean = mean_balanced(treatment, method, highest);
    if (method == "dense" || std::isnan(mean)) continue;  // a study that goes on has gaps
    kept.push_back(fmt::format("{} {} %", method, percent(mean)));
  }
  if (kept.empty()) return "";
  return fmt::format("{}, {}: of {} % balanced accuracy, {} leave {}.", name,
                     treatment[0].treatment, percent(mean_balanced(treatment, "dense", 0)),
                     removal_text(treatment[0].settings, highest), fmt::join(kept, ", "));
}

std::vector<int64_t> seeds_of(const Rows& rows) {
  std::vector<int64_t> seeds;
  for (const Rows& own : groups_by(rows, [](const StudyRow& row) { return row.seed; })) {
    seeds.push_back(own[0].seed);
  }
  std::sort(seeds.begin(), seeds.end());
  return seeds;
}

// How sure the differences between methods are, over data sets, imbalances and seeds.
Section sureness(const Rows& study, const std::string& title, const std::string& reference) {
  Section section{title};
  section.paragraphs = {
      "A problem is a data set, an imbalance and a seed. The interval and the first p-value come "
      "from drawing the test samples anew, the same for both methods and for all problems of a "
      "data set, the other from Wilcoxon's test over "
      "problems; both are adjusted for all methods (Holm)."};
  for (const Ranking& ranking : rankings(study, reference)) {
    section.tables.push_back(ranking_table(ranking));
    const std::string caveat = ranking_caveat(ranking);
    if (!caveat.empty() && section.paragraphs.back() != caveat)
      section.paragraphs.push_back(caveat);
    if (auto figure = ranking_figure(ranking)) section.figures.push_back(std::move(*figure));
  }
  if (section.tables.empty()) {
    section.paragraphs = {
        "No method is held against the others: the rows have no validation data "
        "to choose it on, and none was named."};
  }
  return section;
}

}  // namespace

Page study_page(const std::vector<StudyRow>& rows, const std::string& file,
                const std::string& reference) {
  Page page{fmt::format("Study: {}", file), {}, {}};
  Section repeat{"How to repeat this", {}};
  const auto studies = groups_by(rows, [](const StudyRow& row) { return row.settings; });
  for (const Rows& study : studies) {
    const std::string name = study_of(study[0]);
    const bool alone = studies.size() == 1;
    for (const Rows& own : groups_by(study, problem_of)) {
      const std::string problem = problem_of(own[0]);
      Section section{fmt::format("{}, {}", problem, name)};
      section.paragraphs = {fmt::format("Means over seeds {}; intervals are 95 % of the mean.",
                                        fmt::join(seeds_of(own), ", "))};
      const std::vector<Rows> treatments =
          groups_by(own, [](const StudyRow& row) { return row.treatment; });
      // The other treatments stand in the tables.
      std::string line = verdict(treatments.front(), alone ? problem : section.title);
      if (!line.empty()) page.verdict.push_back(std::move(line));
      for (const Rows& treatment : treatments) {
        for (Figure& figure : sparsity_curves(treatment)) {
          figure.title += ", " + treatment[0].treatment;
          section.figures.push_back(std::move(figure));
        }
      }
      section.tables = league_tables(own);
      page.sections.push_back(std::move(section));
    }
    const std::string sure = "How sure the differences are";
    page.sections.push_back(
        sureness(study, alone ? sure : fmt::format("{}: {}", sure, name), reference));
    repeat.paragraphs.push_back("Settings: " + study[0].settings);
  }
  repeat.paragraphs.insert(repeat.paragraphs.begin(),
                           fmt::format("From {} by ncprune {}.", file, NCPRUNE_VERSION));
  page.sections.push_back(std::move(repeat));
  return page;
}

}  // namespace ncprune
