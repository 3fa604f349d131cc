#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ncprune/base/tensor.h"

namespace ncprune {

// How many weights each layer keeps.
struct Allocation {
  std::string name;
  std::string summary;
  std::string source;
  // `scores` holds a [m, d] per layer; the counts sum to `keep` (to rounding for erk and uniform).
  std::function<std::vector<int64_t>(const std::vector<at::Tensor>& scores, int64_t keep)> kept;
};

const std::vector<Allocation>& allocations();

}  // namespace ncprune
