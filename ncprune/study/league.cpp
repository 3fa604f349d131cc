#include <fmt/format.h>

#include <cmath>

#include "ncprune/study/grouping.h"
#include "ncprune/study/study.h"

namespace ncprune {
namespace {

// The mean and interval in percent; empty without values, "-" for values that do not exist.
std::string interval_text(const std::vector<double>& values) {
  if (values.empty()) return "";
  const auto [center, half] = mean_and_interval(values);
  return half && !std::isnan(center) ? fmt::format("{}±{:.1f}", percent(center), 100 * *half)
                                     : percent(center);
}

// The rows and columns that all tables of a league share.
struct LeagueFrame {
  std::vector<std::string> methods;
  std::vector<std::string> treatments;
};

// The two numbers in a table for every method and treatment, and their title.
struct LeagueValues {
  std::string title;
  RowValue minority;
  RowValue balanced;
};

// The table of one problem's rows at one sparsity. `pruned` is the cell of one of these rows.
Table league_table(const StudyRows& rows, const LeagueFrame& frame, const StudyCell& pruned,
                   const LeagueValues& values) {
  const size_t seeds = distinct(rows, &StudyCell::seed).size();
  Table table{fmt::format("{}, {}, {}, {} seed{}: {} (%)", pruned.data, pruned.imbalance,
                          removal_text(pruned.settings, pruned.sparsity), seeds,
                          seeds == 1 ? "" : "s", values.title),
              {"method"},
              {}};
  for (std::string treatment : frame.treatments) {
    treatment[treatment.find('/')] = '\n';
    table.header.push_back(treatment + "\nminority");
    table.header.emplace_back("balanced");
  }
  for (const std::string& method : frame.methods) {
    std::vector<std::string>& line = table.rows.emplace_back(1, method);
    for (const std::string& treatment : frame.treatments) {
      const StudyRows own = rows_where(rows_of_method(rows, method), [&](const StudyRow& row) {
        return row.cell.treatment == treatment;
      });
      line.push_back(interval_text(values_of(own, values.minority)));
      line.push_back(interval_text(values_of(own, values.balanced)));
    }
    if (method == kDenseMethod) table.rows.emplace_back();
  }
  return table;
}

}  // namespace

std::vector<Table> league_tables(const std::vector<StudyRow>& rows) {
  const LeagueFrame frame{distinct(rows, &StudyCell::method),
                          distinct(rows, &StudyCell::treatment)};
  const std::vector<double> sparsities = sparsities_of(rows);
  std::vector<Table> tables;
  for (const StudyRows& problem : grouped(rows, problem_key)) {
    for (const double sparsity : sparsities) {
      const StudyRows own = rows_at(problem, sparsity);
      const StudyRows pruned = pruned_rows(own);
      if (pruned.empty()) continue;
      const StudyCell& cell = pruned.back().cell;
      tables.push_back(league_table(
          own, frame, cell,
          {"minority recall and balanced accuracy", minority_recall, balanced_accuracy}));
      if (!knows_common(own)) continue;
      tables.push_back(
          league_table(own, frame, cell,
                       {"the same with the classes predicted as often as by the dense network",
                        common_minority_recall, common_balanced_accuracy}));
    }
  }
  return tables;
}

}  // namespace ncprune
