#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "ncprune/base/json.h"
#include "tests/small_network.h"

namespace ncprune {

// What reference/NAME.py wrote to tests/golden/NAME.json.
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

}  // namespace ncprune
