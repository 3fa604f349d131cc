#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "ncprune/study/grouping.h"
#include "ncprune/study/study.h"

namespace ncprune {
namespace {

// The columns of a table that are shown.
struct ShownParts {
  bool repair;  // only where a method has more than one
  bool finish;
};

ShownParts shown_parts(const StudyRows& rows) {
  const std::vector<StudyRows> methods =
      grouped(rows, [](const StudyRow& row) { return row.cell.method; });
  return {std::any_of(
              methods.begin(), methods.end(),
              [](const StudyRows& own) { return distinct(own, &StudyCell::repair).size() > 1; }),
          std::any_of(rows.begin(), rows.end(),
                      [](const StudyRow& row) { return !row.cell.keeps_finish(); })};
}

// Values in percent; "-" for values that do not exist, such as a recall over no classes.
std::string spread_text(const std::vector<double>& shares) {
  const auto [center, spread] = mean_and_deviation(shares);
  return spread && !std::isnan(center) ? fmt::format("{} ±{:4.1f}", percent(center), 100 * *spread)
                                       : percent(center);
}

struct SummaryColumn {
  std::string name;
  RowValue value;
};

std::vector<SummaryColumn> summary_columns(bool noisy) {
  std::vector<SummaryColumn> columns{{"balanced\naccuracy", balanced_accuracy},
                                     {"minority\nrecall", minority_recall}};
  if (!noisy) return columns;
  columns.push_back({"noisy\nbalanced", [](const StudyRow& row) {
                       return row.outcome.result.noisy->balanced_accuracy;
                     }});
  columns.push_back({"noisy\nminority", [](const StudyRow& row) {
                       return mean_recall(*row.outcome.result.noisy, row.outcome.classes.minority);
                     }});
  return columns;
}

// The columns that do not depend on how often the classes are predicted.
std::vector<SummaryColumn> common_columns() {
  return {{"balanced\naccuracy", common_balanced_accuracy},
          {"minority\nrecall", common_minority_recall},
          {"minority\nAUROC", [](const StudyRow& row) {
             return mean_auroc(row.outcome.result.clean, row.outcome.classes.minority);
           }}};
}

// Groups the rows by table line; a line shows the mean over its rows.
std::vector<StudyRows> lines_of(const StudyRows& problem) {
  std::vector<StudyRows> lines = grouped(problem, [](const StudyRow& row) {
    const StudyCell& cell = row.cell;
    return std::tuple(cell.method, cell.repair, cell.head, cell.finish, cell.sparsity);
  });
  // Equivalent treatments, such as repairs of the dense network, count once per seed.
  for (StudyRows& line : lines) {
    line = distinct_rows(line, [](const StudyRow& row) { return row.cell.seed; });
  }
  return lines;
}

Table summary_table(const StudyRows& problem, const ShownParts& shown, const std::string& what,
                    const std::vector<SummaryColumn>& columns) {
  const std::vector<StudyRows> lines = lines_of(problem);
  const StudyRow& first = problem.front();
  const size_t seeds = lines.front().size();
  Table table{fmt::format("{}, {}, {}{} seed{} (%)", first.cell.data, first.cell.imbalance, what,
                          seeds, seeds == 1 ? "" : "s: mean ± standard deviation"),
              {"method"},
              {}};
  if (shown.repair) table.header.emplace_back("repair");
  table.header.emplace_back("head");
  if (shown.finish) table.header.emplace_back("finish");
  table.header.emplace_back("sparsity");
  for (const SummaryColumn& column : columns) table.header.push_back(column.name);
  std::string last_method;
  for (const StudyRows& own : lines) {
    const StudyCell& cell = own.front().cell;
    if (!last_method.empty() && cell.method != last_method) table.rows.emplace_back();
    last_method = cell.method;
    std::vector<std::string> line{cell.method};
    if (shown.repair) line.push_back(cell.is_repaired() ? cell.repair : "-");
    line.push_back(cell.head);
    if (shown.finish) line.push_back(cell.finish);
    line.push_back(fmt::format("{:g}", 100 * cell.sparsity));
    for (const SummaryColumn& column : columns) {
      line.push_back(spread_text(values_of(own, column.value)));
    }
    table.rows.push_back(std::move(line));
  }
  return table;
}

}  // namespace

std::vector<Table> summary_tables(const std::vector<StudyRow>& rows) {
  const ShownParts shown = shown_parts(rows);
  std::vector<Table> tables;
  // The order is the grid's: rows of further seeds join those of the first seed.
  for (const StudyRows& problem : grouped(rows, problem_key)) {
    const bool noisy = problem.front().outcome.result.noisy.has_value();
    tables.push_back(summary_table(problem, shown, "", summary_columns(noisy)));
    if (!knows_common(problem)) continue;
    tables.push_back(summary_table(
        problem, shown, "the dense network's predicted shares of the classes, ", common_columns()));
  }
  return tables;
}

}  // namespace ncprune
