#include <ATen/ops/empty.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/tensor.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>

#include "ncprune/base/random.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/stats/pass.h"
#include "ncprune/stats/statistics.h"

namespace ncprune {

std::vector<at::Tensor> output_weights(const Network& network, const std::vector<Layer>& layers,
                                       const Dataset& data, double balance) {
  const at::AutoGradMode with_gradients(true);
  constexpr int64_t kPerClass = 256;
  Random random = Random(0).stream("output weights");
  const Dataset sample = at_most_per_class(data, kPerClass);
  const std::vector<int64_t> counts = class_counts(sample);
  // pi comes from the counts of all the data; within a class the drawn samples stand for the rest.
  std::vector<double> weights = class_weights(class_counts(data), balance);
  for (size_t c = 0; c < weights.size(); ++c) {
    if (counts[c] > 0) weights[c] /= static_cast<double>(counts[c]);
  }
  const at::Tensor per_sample =
      at::tensor(weights, at::TensorOptions(at::kDouble)).index_select(0, sample.labels);

  std::vector<std::string> wanted;
  wanted.reserve(layers.size() + 1);
  for (const Layer& layer : layers) wanted.push_back(layer.output);
  wanted.push_back(logits_value(network));

  std::vector<at::Tensor> sums(layers.size());
  constexpr int64_t kBatch = 1024;
  for (int64_t begin = 0; begin < sample.size(); begin += kBatch) {
    const int64_t end = std::min(begin + kBatch, sample.size());
    // Gradients are wanted of values inside the graph: a tracked input makes autograd follow all.
    const at::Tensor inputs =
        prepare_inputs(network, sample.inputs.slice(0, begin, end)).detach().requires_grad_(true);
    std::vector<at::Tensor> z = run(network, inputs, wanted);
    const at::Tensor logits = z.back();
    z.pop_back();
    at::Tensor signs = at::empty(logits.sizes(), logits.options()).detach();
    signs.bernoulli_(0.5, random.generator()).mul_(2).sub_(1);
    signs = signs - signs.mean(1, true);
    const std::vector<at::Tensor> gradients = torch::autograd::grad({logits}, z, {signs});
    for (size_t l = 0; l < z.size(); ++l) {
      const at::Tensor term =
          at::matmul(per_sample.slice(0, begin, end), gradients[l].square().to(at::kDouble));
      sums[l] = sums[l].defined() ? sums[l] + term : term;
    }
  }
  return sums;
}

}  // namespace ncprune
