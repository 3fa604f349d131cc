#include "ncprune/prune/live_rows.h"

#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>

#include "ncprune/base/random.h"
#include "ncprune/distributed/world.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/stats/pass.h"
#include "ncprune/stats/sampling.h"

namespace ncprune {
namespace {

// The samples to which the rare classes contribute as many as the others, if they have them.
Dataset few_of_every_class(const Dataset& data) {
  constexpr int64_t kInAll = 512;
  return at_most_per_class(data, std::max<int64_t>(1, kInAll / data.num_classes()));
}

// The largest size of a derivative by each of the layer's outputs: [out].
at::Tensor largest_by_row(const Layer& layer, const at::Tensor& derivative) {
  const int64_t channels = layer.convolution ? 1 : derivative.dim() - 1;
  const at::Tensor all = derivative.abs().movedim(channels, 0).flatten(1).amax(1);
  return share_of(layer, all, 0);
}

}  // namespace

std::vector<at::Tensor> live_rows(const Network& network, const std::vector<Layer>& layers,
                                  const Dataset& data) {
  const at::TensorOptions doubles(at::kDouble);
  const bool foreign = std::any_of(network.nodes.begin(), network.nodes.end(),
                                   [](const Node& node) { return node.foreign; });
  std::vector<std::string> wanted;
  std::vector<at::Tensor> found;
  for (const Layer& layer : layers) {
    wanted.push_back(layer.output);
    found.push_back(at::zeros({weight_of(network, layer).size(0)}, doubles));
    if (foreign) found.back().fill_(1);
  }
  wanted.push_back(logits_value(network));
  const Dataset samples = few_of_every_class(data);
  const std::vector<double> alike(static_cast<size_t>(data.num_classes()), 1);
  const auto visit = [&](const WeightedBatch& batch) {
    const at::AutoGradMode with_gradients(true);
    // A tracked input makes autograd follow every value inside the graph.
    const at::Tensor inputs = batch.inputs.detach().requires_grad_(true);
    const std::vector<at::Tensor> values = run(network, inputs, wanted);
    const std::vector<at::Tensor> outputs(values.begin(), values.end() - 1);
    // Derivatives of the scores cannot cancel in a random direction.
    Random random = Random(0).stream("live rows");
    at::Tensor direction = at::zeros(values.back().sizes(), at::TensorOptions(at::kFloat));
    direction.normal_(0, 1, random.generator());
    const std::vector<at::Tensor> derivatives = torch::autograd::grad(
        {values.back()}, outputs, {direction.to(values.back().options())}, /*retain_graph=*/false,
        /*create_graph=*/false, /*allow_unused=*/true);
    for (size_t l = 0; l < layers.size(); ++l) {
      if (!derivatives[l].defined()) continue;  // no score depends on the layer
      found[l] = found[l].maximum(largest_by_row(layers[l], derivatives[l]).to(doubles));
    }
  };
  if (!foreign) for_each_gradient_batch(network, samples, alike, visit);
  for (at::Tensor& sizes : found) sizes = sum_over_world(sizes).gt(0);
  return found;
}

double wasted_share(const std::vector<at::Tensor>& masks, const std::vector<at::Tensor>& live) {
  double kept = 0;
  double wasted = 0;
  for (size_t l = 0; l < masks.size(); ++l) {
    const at::Tensor by_row = masks[l].sum(1);
    kept += by_row.sum().item<double>();
    wasted += by_row.masked_select(live[l].logical_not()).sum().item<double>();
  }
  return kept > 0 ? wasted / kept : 0;
}

}  // namespace ncprune
