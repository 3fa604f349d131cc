#include <ATen/ops/empty.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>

#include "ncprune/base/device.h"
#include "ncprune/base/log.h"
#include "ncprune/base/random.h"
#include "ncprune/data/read_ahead.h"
#include "ncprune/distributed/world.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/model/rows.h"
#include "ncprune/stats/sampling.h"
#include "ncprune/stats/statistics.h"

namespace ncprune {
namespace {

std::vector<at::Tensor> alike(const Network& network, const std::vector<Layer>& layers) {
  std::vector<at::Tensor> weights;
  weights.reserve(layers.size());
  for (const Layer& layer : layers) {
    weights.push_back(
        at::ones({weight_of(network, layer).size(0)}, at::TensorOptions(at::kDouble)));
  }
  return weights;
}

}  // namespace

std::vector<at::Tensor> output_weights(const Network& network, const std::vector<Layer>& layers,
                                       const Dataset& data, double balance) {
  const bool blocked = std::any_of(network.nodes.begin(), network.nodes.end(),
                                   [](const Node& node) { return node.foreign != nullptr; });
  if (blocked) {
    log_info(
        "ONNX Runtime runs some operators without gradients: all outputs of a layer count "
        "equally");
    return alike(network, layers);
  }
  const at::AutoGradMode with_gradients(true);
  constexpr int64_t kPerClass = 256;
  Random random = Random(0).stream("output weights");
  const WeightedSample drawn = weighted_sample(data, kPerClass, balance);
  const Dataset& sample = drawn.samples;
  const at::Tensor per_sample = at::tensor(drawn.class_weights, at::TensorOptions(at::kDouble))
                                    .index_select(0, sample.labels)
                                    .to(compute_device());

  std::vector<std::string> wanted;
  wanted.reserve(layers.size() + 1);
  std::vector<int64_t> units;  // of the whole value
  for (const Layer& layer : layers) {
    wanted.push_back(layer.output);
    units.push_back(weight_of(network, layer).size(0) * layer.groups);
  }
  wanted.push_back(logits_value(network));

  std::vector<at::Tensor> sums(layers.size());
  // The gradients need as much memory as the values.
  const int64_t batch = std::max<int64_t>(1, gradient_batch_size(network) / 2);
  const int64_t batches = (sample.size() + batch - 1) / batch;
  const int64_t own_batches =
      std::max<int64_t>(0, (batches - world_rank() + world_size() - 1) / world_size());
  ReadAhead own_inputs(sample, own_batches, [&](int64_t i) {
    const int64_t begin = (world_rank() + i * world_size()) * batch;
    return sample.inputs_at(begin, std::min(begin + batch, sample.size()));
  });
  for (int64_t begin = 0; begin < sample.size(); begin += batch) {
    const int64_t end = std::min(begin + batch, sample.size());
    // Drawn for every batch, so that they do not depend on the process that runs it.
    at::Tensor signs = at::empty({end - begin, sample.num_scores()}, at::TensorOptions(at::kFloat));
    signs.bernoulli_(0.5, random.generator()).mul_(2).sub_(1);
    // One number added to all scores changes no softmax.
    if (!sample.label_sets.defined()) signs = signs - signs.mean(1, true);
    if (begin / batch % world_size() != world_rank()) continue;
    // Gradients of values inside the graph are needed: a tracked input makes autograd follow all.
    const at::Tensor inputs =
        prepare_inputs(network, own_inputs.next()).detach().requires_grad_(true);
    std::vector<at::Tensor> z = run(network, inputs, wanted);
    const at::Tensor logits = z.back();
    z.pop_back();
    const std::vector<at::Tensor> gradients =
        torch::autograd::grad({logits}, z, {signs.to(logits.device())});
    for (size_t l = 0; l < z.size(); ++l) {
      const int64_t rows_each = gradients[l].numel() / ((end - begin) * units[l]);
      const at::Tensor squares =
          unit_means(layers[l], gradients[l].square(), end - begin).to(at::kDouble);
      const at::Tensor term =
          at::matmul(per_sample.slice(0, begin, end), squares) * static_cast<double>(rows_each);
      sums[l] = sums[l].defined() ? sums[l] + term : term;
    }
  }
  for (at::Tensor& sum : sums) sum = sum_found(std::move(sum));
  return sums;
}

}  // namespace ncprune
