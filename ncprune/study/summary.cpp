#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "ncprune/study/study.h"

namespace ncprune {
namespace {

// Mean and, over several seeds, the sample standard deviation; in percent.
std::string spread(const std::vector<double>& shares) {
  double mean = 0;
  for (const double x : shares) mean += x / static_cast<double>(shares.size());
  if (shares.size() < 2) return percent(mean);
  double variance = 0;
  for (const double x : shares) variance += (x - mean) * (x - mean);
  variance /= static_cast<double>(shares.size() - 1);
  return fmt::format("{} ±{:4.1f}", percent(mean), 100 * std::sqrt(variance));
}

struct Column {
  std::string name;
  std::function<double(const StudyRow&)> value;
};

std::vector<Column> summary_columns(bool noisy) {
  std::vector<Column> columns{
      {"balanced\naccuracy", [](const StudyRow& r) { return r.result.clean.balanced_accuracy; }},
      {"minority\nrecall",
       [](const StudyRow& r) { return mean_recall(r.result.clean, r.classes.minority); }},
  };
  if (!noisy) return columns;
  columns.push_back(
      {"noisy\nbalanced", [](const StudyRow& r) { return r.result.noisy->balanced_accuracy; }});
  columns.push_back({"noisy\nminority", [](const StudyRow& r) {
                       return mean_recall(*r.result.noisy, r.classes.minority);
                     }});
  return columns;
}

}  // namespace

std::vector<Table> summary_tables(const std::vector<StudyRow>& rows) {
  using TableKey = std::pair<std::string, std::string>;
  using CellKey = std::tuple<std::string, std::string, std::string, std::string, double>;
  // In the order of the grid: the rows of further seeds join those of the first.
  std::vector<TableKey> table_order;
  std::map<TableKey, std::vector<CellKey>> cell_order;
  std::map<TableKey, std::map<CellKey, std::vector<const StudyRow*>>> cells;
  for (const StudyRow& row : rows) {
    const TableKey table{row.data, row.imbalance};
    const CellKey cell{row.method, row.repair, row.head, row.batch_norm, row.sparsity};
    if (!cells.contains(table)) table_order.push_back(table);
    if (!cells[table].contains(cell)) cell_order[table].push_back(cell);
    // Treatments that come to the same, like repairs of the dense network, count once a seed.
    std::vector<const StudyRow*>& seeds = cells[table][cell];
    const bool known = std::any_of(seeds.begin(), seeds.end(),
                                   [&](const StudyRow* other) { return other->seed == row.seed; });
    if (!known) seeds.push_back(&row);
  }
  // The repair is shown only where a method stands with more than one.
  std::map<std::string, std::set<std::string>> repairs;
  for (const StudyRow& row : rows) repairs[row.method].insert(row.repair);
  const bool show_repair = std::any_of(repairs.begin(), repairs.end(),
                                       [](const auto& entry) { return entry.second.size() > 1; });
  const bool show_norm = std::any_of(rows.begin(), rows.end(),
                                     [](const StudyRow& row) { return row.batch_norm != "keep"; });
  std::vector<Table> tables;
  for (const TableKey& key : table_order) {
    const size_t seeds = cells[key][cell_order[key].front()].size();
    Table table{fmt::format("{}, {}, {} seed{} (%)", key.first, key.second, seeds,
                            seeds == 1 ? "" : "s: mean ± standard deviation"),
                {"method"},
                {}};
    if (show_repair) table.header.emplace_back("repair");
    table.header.emplace_back("head");
    if (show_norm) table.header.emplace_back("batch norm");
    table.header.emplace_back("sparsity");
    const std::vector<Column> columns =
        summary_columns(cells[key][cell_order[key].front()].front()->result.noisy.has_value());
    for (const Column& column : columns) table.header.push_back(column.name);
    std::string last_method;
    for (const CellKey& cell : cell_order[key]) {
      const auto& [method, repair, head, batch_norm, sparsity] = cell;
      if (!last_method.empty() && method != last_method) table.rows.emplace_back();
      last_method = method;
      std::vector<std::string> line{method};
      if (show_repair) line.push_back(repair == "none" ? "-" : repair);
      line.push_back(head);
      if (show_norm) line.push_back(batch_norm);
      line.push_back(fmt::format("{:g}", 100 * sparsity));
      for (const Column& column : columns) {
        std::vector<double> values;
        for (const StudyRow* row : cells[key][cell]) values.push_back(column.value(*row));
        line.push_back(spread(values));
      }
      table.rows.push_back(std::move(line));
    }
    tables.push_back(std::move(table));
  }
  return tables;
}

}  // namespace ncprune
