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
};

}  // namespace ncprune
