#include "ncprune/prune/layer_update.h"

#include <ATen/ops/matmul.h>

#include "ncprune/data/noise.h"

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
                  const MeanTarget& target) {
  LayerMoments means;
  if (shifts(layer)) {
    const auto& [dense, data, options] = target;
    means.target_mean = measure_means(dense, layer, data, options.balance).output;
    means.input_mean =
        measure_means(network, layer,
                      options.noise > 0 ? with_gaussian_noise(data, options.noise, 0) : data,
                      options.balance)
            .input;
  }
  set_layer(network, layer, weight.to(at::kDouble), means);
}

}  // namespace ncprune
