#include "ncprune/prune/layer_update.h"

#include <ATen/ops/matmul.h>

namespace ncprune {

void update_layer(Network& network, const Layer& layer, const LayerUpdate& update) {
  const LayerProblem problem =
      LayerProblem::of(update.moments, weight_of(network, layer), update.damping);
  set_layer(network, layer, least_squares(problem, update.mask), update.moments);
}

void set_layer(Network& network, const Layer& layer, const at::Tensor& weight,
               const LayerMoments& moments) {
  set_weight(network, layer, weight);
  if (!shifts(layer)) return;
  set_shift(network, layer, moments.target_mean - at::matmul(weight, moments.input_mean));
}

void correct_bias(Network& network, const Layer& layer, const at::Tensor& weight,
                  const MeanSource& means) {
  LayerMoments found;
  if (shifts(layer)) found = means.measured.means(network, layer, means.options);
  set_layer(network, layer, weight.to(at::kDouble), found);
}

}  // namespace ncprune
