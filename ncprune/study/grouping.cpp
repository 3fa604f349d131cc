#include "ncprune/study/grouping.h"

#include <cmath>
#include <limits>

#include "ncprune/evaluate/inference.h"

namespace ncprune {

StudyRows rows_of_method(const StudyRows& rows, const std::string& method) {
  return rows_where(rows, [&](const StudyRow& row) { return row.cell.method == method; });
}

StudyRows pruned_rows(const StudyRows& rows) {
  return rows_where(rows, [](const StudyRow& row) { return !row.cell.is_dense(); });
}

StudyRows rows_at(const StudyRows& rows, double sparsity) {
  return rows_where(rows, [&](const StudyRow& row) {
    return row.cell.is_dense() || row.cell.sparsity == sparsity;
  });
}

std::vector<double> sparsities_of(const StudyRows& rows) {
  std::vector<double> sparsities = distinct(pruned_rows(rows), &StudyCell::sparsity);
  std::sort(sparsities.begin(), sparsities.end());
  return sparsities;
}

std::pair<std::string, std::string> problem_key(const StudyRow& row) {
  return {row.cell.data, row.cell.imbalance};
}

std::vector<double> values_of(const StudyRows& rows, const RowValue& value) {
  std::vector<double> values;
  values.reserve(rows.size());
  for (const StudyRow& row : rows) values.push_back(value(row));
  return values;
}

bool knows_common(const StudyRows& rows) {
  return std::any_of(rows.begin(), rows.end(),
                     [](const StudyRow& row) { return row.outcome.result.common.has_value(); });
}

double mean(const std::vector<double>& values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  double sum = 0;
  for (const double x : values) sum += x / static_cast<double>(values.size());
  return sum;
}

MeanSpread mean_and_deviation(const std::vector<double>& values) {
  const double center = mean(values);
  if (values.size() < 2) return {center, std::nullopt};
  double variance = 0;
  for (const double x : values) variance += (x - center) * (x - center);
  variance /= static_cast<double>(values.size() - 1);
  return {center, std::sqrt(variance)};
}

MeanSpread mean_and_interval(const std::vector<double>& values) {
  if (values.size() < 2) return {mean(values), std::nullopt};
  return {mean(values), half_interval(values)};
}

}  // namespace ncprune
