#pragma once

#include <cstdint>
#include <string>

#include "ncprune/study/row.h"

namespace ncprune {

// Two classes of 8 test samples each; the first `right` of either are recognised.
inline StudyRow row_of(const std::string& method, uint64_t seed, int right,
                       double validation = -1) {
  StudyRow row;
  row.cell.data = "data";
  row.cell.imbalance = "none";
  row.cell.seed = seed;
  row.cell.method = method;
  row.cell.treatment = "method/keep";
  row.cell.sparsity = method == "dense" ? 0 : 0.9;
  row.outcome.tested = {8, 8};
  const double recall = right / 8.0;
  row.outcome.result.clean.recall = {recall, recall};
  row.outcome.result.clean.balanced_accuracy = recall;
  const auto bits = static_cast<char>((1 << right) - 1);
  row.outcome.right = {bits, bits};
  row.outcome.classes = {{"a", "b"}, {9, 1}, {1}};
  if (validation >= 0) {
    row.outcome.validation = row.outcome.result.clean;
    row.outcome.validation->balanced_accuracy = validation;
    row.outcome.validation->recall = {validation, validation};
  }
  return row;
}

}  // namespace ncprune
