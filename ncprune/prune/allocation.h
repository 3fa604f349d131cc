#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ncprune/base/tensor.h"

namespace ncprune {

// What an allocation knows of a layer.
struct LayerScores {
  at::Tensor scores;  // [m, d]
  int64_t sides;      // the sum of the weight's sizes as stored: outputs, inputs and kernel
};

// How many weights each layer keeps; an entry is a file of allocations/. A global ranking can leave
// a layer nothing, and then nothing gets through the network.
struct Allocation {
  std::string name = {};  // the file's
  std::string summary;
  std::string source;
  // A count per layer; they sum to `keep` (to rounding, but for global).
  std::function<std::vector<int64_t>(const std::vector<LayerScores>& layers, int64_t keep)> kept;
  bool reads_scores = false;  // else it goes by the layers' shapes
};

const std::vector<Allocation>& allocations();

}  // namespace ncprune
