#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ncprune/base/tensor.h"

namespace ncprune {

// The facts about a layer that an allocation uses.
struct LayerScores {
  at::Tensor scores;  // [m, d]
  int64_t sides;      // the sum of the weight's sizes as stored: outputs, inputs and kernel
};

// A rule for how many weights each layer keeps; an entry is a file of allocations/. A global
// ranking can remove all weights of a layer, and then no signal passes through the network.
struct Allocation {
  std::string name = {};  // the file's
  std::string summary;
  std::string source;
  // A count per layer. The counts sum to `keep`: exactly for global, else up to rounding.
  std::function<std::vector<int64_t>(const std::vector<LayerScores>& layers, int64_t keep)> kept;
  bool reads_scores = false;  // else it uses only the layers' shapes
};

const std::vector<Allocation>& allocations();

}  // namespace ncprune
