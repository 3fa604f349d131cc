#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ncprune/model/layers.h"

namespace ncprune {

struct LayerSparsity {
  std::string name;
  int64_t weights;  // in the layer
  int64_t kept;     // not zero afterwards
};

// Adds the counts of a layer; the groups of a convolution are one entry.
void add_sparsity(std::vector<LayerSparsity>& layers, const Layer& layer, int64_t weights,
                  int64_t kept);

// The counts of the prunable layers, in graph order; empty for a network that is only a head.
std::vector<LayerSparsity> layer_sparsity(const Network& network);

// Share of the weights that are zero, over all of `layers`, in [0, 1]; 0 for none.
double sparsity(const std::vector<LayerSparsity>& layers);

}  // namespace ncprune
