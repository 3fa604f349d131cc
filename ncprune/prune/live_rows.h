#pragma once

#include <vector>

#include "ncprune/data/dataset.h"
#include "ncprune/model/layers.h"

namespace ncprune {

// For every layer, bool [out]: whether some class score depends on this row of the layer's output,
// for any of about 512 samples of `data`, as many of every class. Weights in other rows are wasted:
// no weight reads their unit, or an activation cuts it off. If ONNX Runtime runs an operator of the
// network, which then has no gradient, all rows count as live.
std::vector<at::Tensor> live_rows(const Network& network, const std::vector<Layer>& layers,
                                  const Dataset& data);

// The share of the weights of `masks` (bool [out, in] by layer) that lie in rows that are not live;
// in [0, 1].
double wasted_share(const std::vector<at::Tensor>& masks, const std::vector<at::Tensor>& live);

}  // namespace ncprune
