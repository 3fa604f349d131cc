#pragma once

#include <ATen/ops/zeros.h>

#include <array>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "ncprune/base/json.h"
#include "tests/small_network.h"

namespace ncprune {

// The numbers that reference/NAME.py wrote to tests/golden/NAME.json.
inline Json golden(const std::string& name) {
  return Json::parse(std::ifstream(NCPRUNE_SOURCE_DIR "/tests/golden/" + name + ".json"));
}

// A vector or a matrix of numbers; double.
inline at::Tensor golden_tensor(const Json& json) {
  if (!json.front().is_array()) {
    return doubles(json.get<std::vector<double>>(), {static_cast<int64_t>(json.size())});
  }
  std::vector<double> values;
  for (const Json& row : json) {
    for (const Json& value : row) {
      values.push_back(value.is_boolean() ? value.get<bool>() : value.get<double>());
    }
  }
  const auto rows = static_cast<int64_t>(json.size());
  return doubles(values, {rows, static_cast<int64_t>(values.size()) / rows});
}

// numbers() of reference/solvers.py.
inline at::Tensor golden_numbers(int64_t rows, int64_t columns, std::array<int64_t, 3> factors) {
  std::vector<double> values;
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) {
      const int64_t sum = factors[0] * i + factors[1] * j + factors[2] * i * j + j * j;
      values.push_back(static_cast<double>(sum % 1021 - 510) / 512);
    }
  }
  return doubles(values, {rows, columns});
}

// A mask kept as "0110" a row; bool [m, d].
inline at::Tensor golden_mask(const std::vector<std::string>& rows) {
  at::Tensor mask = at::zeros({std::ssize(rows), static_cast<int64_t>(rows.front().size())},
                              at::TensorOptions(at::kBool));
  for (size_t i = 0; i < rows.size(); ++i) {
    for (size_t j = 0; j < rows[i].size(); ++j) {
      mask[static_cast<int64_t>(i)][static_cast<int64_t>(j)] = rows[i][j] == '1';
    }
  }
  return mask;
}

}  // namespace ncprune
