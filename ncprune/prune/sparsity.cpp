#include "ncprune/prune/sparsity.h"

namespace ncprune {

std::vector<LayerSparsity> layer_sparsity(const Network& network) {
  std::vector<Layer> layers = linear_layers(network);
  if (!layers.empty() && layers.back().output == logits_value(network)) layers.pop_back();
  std::vector<LayerSparsity> result;
  for (const Layer& layer : layers) {
    const at::Tensor weight = weight_of(network, layer);
    result.push_back({layer.name, weight.numel(), weight.ne(0).sum().item<int64_t>()});
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
