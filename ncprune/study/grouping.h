#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "ncprune/study/row.h"

namespace ncprune {

// Splits a study's rows into groups for tables, curves and tests, and summarises a group.

using StudyRows = std::vector<StudyRow>;
using RowValue = std::function<double(const StudyRow&)>;

// Groups the rows that have the same `key`: groups in the order of their first rows, and the rows
// of a group in their given order.
template <typename Key>
std::vector<StudyRows> grouped(const StudyRows& rows, const Key& key) {
  std::vector<StudyRows> groups;
  for (const StudyRow& row : rows) {
    const auto own = std::find_if(groups.begin(), groups.end(), [&](const StudyRows& group) {
      return key(group.front()) == key(row);
    });
    if (own != groups.end()) {
      own->push_back(row);
    } else {
      groups.push_back({row});
    }
  }
  return groups;
}

// The first row of each group of rows that have the same `key`.
template <typename Key>
StudyRows distinct_rows(const StudyRows& rows, const Key& key) {
  StudyRows firsts;
  for (const StudyRows& group : grouped(rows, key)) firsts.push_back(group.front());
  return firsts;
}

// The distinct values of a field of the cells, in the order of their first appearance.
template <typename Value>
std::vector<Value> distinct(const StudyRows& rows, Value StudyCell::*field) {
  std::vector<Value> seen;
  for (const StudyRow& row : rows) {
    const Value& value = row.cell.*field;
    if (std::find(seen.begin(), seen.end(), value) == seen.end()) seen.push_back(value);
  }
  return seen;
}

template <typename Keep>
StudyRows rows_where(StudyRows rows, const Keep& keep) {
  std::erase_if(rows, [&](const StudyRow& row) { return !keep(row); });
  return rows;
}

// The rows of one method.
StudyRows rows_of_method(const StudyRows& rows, const std::string& method);

// The rows of all methods except the dense network's rows.
StudyRows pruned_rows(const StudyRows& rows);

// The pruned rows of one sparsity and the dense network's rows, which count at every sparsity.
StudyRows rows_at(const StudyRows& rows, double sparsity);

// The sparsities of the pruned rows, ascending.
std::vector<double> sparsities_of(const StudyRows& rows);

// The data and the imbalance of a row. Results with the same key are averaged over seeds.
std::pair<std::string, std::string> problem_key(const StudyRow& row);

std::vector<double> values_of(const StudyRows& rows, const RowValue& value);

// Whether any of the rows was judged at the common operating point.
bool knows_common(const StudyRows& rows);

// NaN when there are no values.
double mean(const std::vector<double>& values);

// The mean of values and its spread; `spread` is none for fewer than two values.
struct MeanSpread {
  double mean;
  std::optional<double> spread;
};

// The spread is the sample standard deviation of the values.
MeanSpread mean_and_deviation(const std::vector<double>& values);

// The spread is half the 95 % interval of the mean (Student's t).
MeanSpread mean_and_interval(const std::vector<double>& values);

}  // namespace ncprune
