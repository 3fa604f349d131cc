#include "ncprune/prune/sparsity.h"

namespace ncprune {

void add_sparsity(std::vector<LayerSparsity>& layers, const Layer& layer, int64_t weights,
                  int64_t kept) {
  if (layer.group == 0) {
    layers.push_back({layer.name, weights, kept});
    return;
  }
  layers.back().weights += weights;
  layers.back().kept += kept;
}

std::vector<LayerSparsity> layer_sparsity(const Network& network) {
  std::vector<Layer> layers = weight_layers(network);
  if (!layers.empty() && layers.back().output == logits_value(network)) layers.pop_back();
  std::vector<LayerSparsity> result;
  for (const Layer& layer : layers) {
    const at::Tensor weight = weight_of(network, layer);
    add_sparsity(result, layer, weight.numel(), weight.count_nonzero().item<int64_t>());
  }
  return result;
}

double sparsity(const std::vector<LayerSparsity>& layers) {
  int64_t weights = 0;
  int64_t kept = 0;
  for (const LayerSparsity& layer : layers) {
    weights += layer.weights;
    kept += layer.kept;
  }
  return weights == 0 ? 0 : 1 - static_cast<double>(kept) / static_cast<double>(weights);
}

}  // namespace ncprune
