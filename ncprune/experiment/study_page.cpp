#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "ncprune/experiment/study.h"

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

// What is left at the highest sparsity, the methods in the grid's order.
std::string verdict(const Rows& treatment) {
  double highest = 0;
  for (const StudyRow& row : treatment) highest = std::max(highest, row.sparsity);
  std::vector<std::string> kept;
  for (const Rows& own : groups_by(treatment, [](const StudyRow& r) { return r.method; })) {
    const std::string& method = own[0].method;
    if (method == "dense") continue;
    kept.push_back(
        fmt::format("{} {} %", method, percent(mean_balanced(treatment, method, highest))));
  }
  const StudyRow& first = treatment[0];
  return fmt::format("{}, {}, {}: of {} % balanced accuracy, {:g} % removed leave {}.", first.data,
                     first.imbalance, first.treatment,
                     percent(mean_balanced(treatment, "dense", 0)), 100 * highest,
                     fmt::join(kept, ", "));
}

}  // namespace

Page study_page(const Study& study, const std::vector<StudyRow>& rows, const std::string& file) {
  Page page{fmt::format("Study: {}", file), {}, {}};
  const auto problem = [](const StudyRow& row) { return std::pair{row.data, row.imbalance}; };
  for (const Rows& own : groups_by(rows, problem)) {
    Section section{fmt::format("{}, {}", own[0].data, own[0].imbalance)};
    section.paragraphs = {fmt::format("Means over seeds {}; intervals are 95 % of the mean.",
                                      fmt::join(study.seeds, ", "))};
    for (const Rows& treatment :
         groups_by(own, [](const StudyRow& row) { return row.treatment; })) {
      page.verdict.push_back(verdict(treatment));
      for (Figure& figure : sparsity_curves(treatment)) {
        figure.title += ", " + treatment[0].treatment;
        section.figures.push_back(std::move(figure));
      }
    }
    section.tables = league_tables(own);
    page.sections.push_back(std::move(section));
  }
  page.sections.push_back({"How to repeat this",
                           {fmt::format("ncprune study {}, ncprune {}", file, NCPRUNE_VERSION),
                            "Settings: " + study_settings(study)}});
  return page;
}

}  // namespace ncprune
