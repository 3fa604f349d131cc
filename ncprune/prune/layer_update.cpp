#include "ncprune/prune/layer_update.h"

#include <ATen/ops/matmul.h>

namespace ncprune {

void update_layer(Network& network, const Layer& layer, const LayerUpdate& update) {
  const LayerProblem problem =
      LayerProblem::of(update.moments, weight_of(network, layer), update.damping);
  const at::Tensor weight = least_squares(problem, update.mask);
  set_weight(network, layer, weight);
  if (layer.bias.empty()) return;
  set_bias(network, layer,
           update.moments.target_mean - at::matmul(weight, update.moments.input_mean));
}

}  // namespace ncprune
