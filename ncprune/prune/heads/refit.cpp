#include <ATen/ops/ones_like.h>

#include "ncprune/prune/head.h"
#include "ncprune/prune/layer_update.h"

namespace ncprune::head_treatments_files {
namespace {

Network refitted(const NetworkPair& pair, const Dataset& data, const MetricOptions& options) {
  const Layer head = head_layer(pair.pruned);
  const LayerMoments moments =
      measure_moments(pair, {head}, head_samples(data, options), options).front();
  Network network = pair.pruned;
  const at::Tensor weight = weight_of(pair.pruned, head);
  update_layer(network, head, {moments, at::ones_like(weight, at::kBool), options.damping});
  return network;
}

}  // namespace

HeadTreatment refit() {
  return {.summary = "least squares to the dense network's class scores",
          .source = "",
          .apply = refitted};
}

}  // namespace ncprune::head_treatments_files
