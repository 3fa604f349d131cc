#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ncprune/base/tensor.h"

namespace ncprune {

// How many weights each layer keeps. A global ranking can leave a layer nothing, and then nothing
// gets through the network: "global" does what its source does, "guarded" does not let it happen.
struct Allocation {
  std::string name;
  std::string summary;
  std::string source;
  // `scores` holds a [m, d] per layer; the counts sum to `keep` (to rounding, but for global).
  std::function<std::vector<int64_t>(const std::vector<at::Tensor>& scores, int64_t keep)> kept;
};

const std::vector<Allocation>& allocations();

}  // namespace ncprune
