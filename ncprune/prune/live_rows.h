#pragma once

#include <vector>

#include "ncprune/data/dataset.h"
#include "ncprune/model/layers.h"

namespace ncprune {

// For every layer, bool [out]: whether the class scores depend on the layer's output of this row
// for any of at most 512 samples of `data`, spread evenly. Weights in other rows are wasted: what
// they feed is read by no weight, or cut off by an activation. All rows are live of a network that
// a foreign operator makes part of, which has no gradient.
std::vector<at::Tensor> live_rows(const Network& network, const std::vector<Layer>& layers,
                                  const Dataset& data);

// The share of the weights of `masks` (bool [out, in] by layer) that lie in rows that are not live;
// in [0, 1].
double wasted_share(const std::vector<at::Tensor>& masks, const std::vector<at::Tensor>& live);

}  // namespace ncprune
