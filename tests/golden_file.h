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

// tests/golden/NAME.json, written by reference/NAME.py.
inline Json golden_file(const std::string& name) {
  return Json::parse(std::ifstream(NCPRUNE_SOURCE_DIR "/tests/golden/" + name + ".json"));
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
