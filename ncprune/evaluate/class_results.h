#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ncprune/evaluate/metrics.h"

namespace ncprune {

// One network's results on the test set.
struct ModelResult {
  std::string name;  // may hold '\n', for the head of a table's column
  ClassMetrics clean;
  std::optional<ClassMetrics> noisy;  // on noisy test inputs
  // On clean inputs, the decisions moved so that the classes are predicted as often as the
  // reference predicts them (operating_point.h).
  std::optional<ClassMetrics> common = {};
};

}  // namespace ncprune
