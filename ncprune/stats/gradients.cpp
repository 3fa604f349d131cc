#include "ncprune/stats/gradients.h"

#include <ATen/ops/matmul.h>
#include <ATen/ops/one_hot.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/autograd.h>

#include "ncprune/model/interpreter.h"
#include "ncprune/stats/class_sums.h"
#include "ncprune/stats/pass.h"

namespace ncprune {
namespace {

at::Tensor zeros(at::IntArrayRef shape) {
  return at::zeros(shape, at::TensorOptions(at::kDouble));
}

// One layer's share of a batch: its input x [B, d], pre-activation [B, m], without the bias if
// kClassTaylor is needed, and the derivatives of every sample's own loss by z [B, m].
struct LayerBatch {
  at::Tensor x;
  at::Tensor product;
  at::Tensor dz;
  at::Tensor labels;
};

// Products are taken in float, batch by batch, and added in double.
void add_to(LayerStatistics& sums, const LayerBatch& batch, const std::set<Statistic>& needs) {
  const auto add = [](at::Tensor& sum, const at::Tensor& term) {
    if (!sum.defined()) sum = zeros(term.sizes());
    sum.add_(term);
  };
  if (needs.contains(Statistic::kGradient)) add(sums.gradient, at::matmul(batch.dz.t(), batch.x));
  const bool by_class = needs.contains(Statistic::kClassFisher);
  if (needs.contains(Statistic::kFisher) && !by_class) {
    add(sums.fisher, at::matmul(batch.dz.square().t(), batch.x.square()));
  }
  const int64_t k = std::ssize(sums.class_counts);
  if (by_class) {
    if (!sums.class_fisher.defined()) {
      sums.class_fisher = at::zeros({k, batch.dz.size(1), batch.x.size(1)}, batch.x.options());
    }
    for (int64_t c = 0; c < k; ++c) {
      const at::Tensor own = batch.labels.eq(c).nonzero().flatten();
      if (own.numel() == 0) continue;
      // Added in float, by the product itself: no term is negative, and adding K of these in double
      // would take as long as all their products.
      sums.class_fisher[c].addmm_(batch.dz.index_select(0, own).square().t(),
                                  batch.x.index_select(0, own).square());
    }
  }
  if (needs.contains(Statistic::kClassTaylor)) {
    add(sums.class_taylor, class_sums(batch.dz * batch.product, {batch.labels, k, {}}));
  }
}

// Sums become means; of two Fishers only that of the classes was added up.
void finish(LayerStatistics& sums, const Dataset& data, const std::set<Statistic>& needs) {
  const auto total = static_cast<double>(data.size());
  const at::Tensor counts = data.labels.bincount({}, data.num_classes()).clamp_min(1);
  if (sums.class_fisher.defined()) {
    sums.class_fisher = sums.class_fisher.to(at::kDouble);
    if (needs.contains(Statistic::kFisher)) sums.fisher = sums.class_fisher.sum(0);
    sums.class_fisher /= counts.view({-1, 1, 1});
  }
  if (sums.gradient.defined()) sums.gradient /= total;
  if (sums.fisher.defined()) sums.fisher /= total;
  if (sums.class_taylor.defined()) sums.class_taylor /= counts.unsqueeze(1);
}

// The network with the weights of `layers` as leaves [m, d] that autograd follows.
struct Leaves {
  Network network;
  std::vector<at::Tensor> weights;
};

template <typename Transform>
Leaves with_leaves(const Network& network, const std::vector<Layer>& layers, Transform transform) {
  Leaves leaves{network, {}};
  for (const Layer& layer : layers) {
    at::Tensor weight = transform(weight_of(network, layer)).detach().clone().requires_grad_(true);
    leaves.network.initializers[layer.weight] = layer.transposed ? weight : weight.t();
    leaves.weights.push_back(weight);
  }
  return leaves;
}

}  // namespace

std::vector<LayerStatistics> measure_gradients(const Network& network,
                                               const std::vector<Layer>& layers,
                                               const Dataset& data,
                                               const std::set<Statistic>& needs) {
  std::vector<LayerStatistics> sums(layers.size());
  std::vector<std::string> wanted;
  wanted.reserve(2 * layers.size() + 1);
  for (const Layer& layer : layers) wanted.push_back(layer.output);
  for (const Layer& layer : layers) wanted.push_back(layer.input);
  wanted.push_back(logits_value(network));
  for (LayerStatistics& s : sums) s.class_counts = class_counts(data);
  for_each_batch(
      network, data, std::vector<double>(sums.front().class_counts.size(), 1),
      [&](const Batch& batch) {
        const at::AutoGradMode with_gradients(true);
        // A tracked input makes autograd follow every value inside the graph.
        const at::Tensor inputs = batch.inputs.detach().requires_grad_(true);
        std::vector<at::Tensor> values = run(network, inputs, wanted);
        const at::Tensor logits = values.back();
        const at::Tensor by_logits =
            (logits.detach().softmax(1) -
             at::one_hot(batch.labels, logits.size(1)).to(logits.scalar_type()));
        values.resize(layers.size() * 2);
        const std::vector<at::Tensor> z(values.begin(), values.begin() + std::ssize(layers));
        const std::vector<at::Tensor> dz = torch::autograd::grad({logits}, z, {by_logits});
        const at::NoGradGuard no_grad;
        for (size_t l = 0; l < layers.size(); ++l) {
          const at::Tensor bias = bias_of(network, layers[l]);
          const bool biased = bias.defined() && needs.contains(Statistic::kClassTaylor);
          const at::Tensor product = biased ? z[l] - bias : z[l];
          add_to(sums[l],
                 {values[layers.size() + l].detach(), product.detach(), dz[l], batch.labels},
                 needs);
        }
      });
  for (LayerStatistics& s : sums) finish(s, data, needs);
  return sums;
}

std::vector<at::Tensor> hessian_gradients(const Network& network, const std::vector<Layer>& layers,
                                          const Dataset& data) {
  constexpr int64_t kPerClass = 256;
  const Dataset sample = at_most_per_class(data, kPerClass);
  const Leaves leaves =
      with_leaves(network, layers, [](const at::Tensor& weight) { return weight; });
  const std::string scores = logits_value(network);
  // The gradient of the mean loss over the part of the sample that is in the batch.
  const auto gradient = [&](const Batch& batch, bool differentiable) {
    const at::Tensor logits = run(leaves.network, batch.inputs, {scores}).front();
    const at::Tensor loss = -logits.log_softmax(1).gather(1, batch.labels.unsqueeze(1)).sum() /
                            static_cast<double>(sample.size());
    return torch::autograd::grad({loss}, leaves.weights, {}, differentiable, differentiable);
  };
  const std::vector<double> alike(static_cast<size_t>(data.num_classes()), 1);
  std::vector<at::Tensor> mean(layers.size());
  for_each_batch(network, sample, alike, [&](const Batch& batch) {
    const at::AutoGradMode with_gradients(true);
    const std::vector<at::Tensor> terms = gradient(batch, false);
    for (size_t l = 0; l < layers.size(); ++l) {
      mean[l] = mean[l].defined() ? mean[l] + terms[l] : terms[l];
    }
  });
  std::vector<at::Tensor> products(layers.size());
  for_each_batch(network, sample, alike, [&](const Batch& batch) {
    const at::AutoGradMode with_gradients(true);
    const std::vector<at::Tensor> own = gradient(batch, true);
    at::Tensor inner = (own[0] * mean[0]).sum();
    for (size_t l = 1; l < layers.size(); ++l) inner = inner + (own[l] * mean[l]).sum();
    const std::vector<at::Tensor> terms = torch::autograd::grad({inner}, leaves.weights);
    for (size_t l = 0; l < layers.size(); ++l) {
      const at::Tensor term = terms[l].to(at::kDouble);
      products[l] = products[l].defined() ? products[l] + term : term;
    }
  });
  return products;
}

std::vector<at::Tensor> synaptic_flows(const Network& network, const std::vector<Layer>& layers) {
  const at::AutoGradMode with_gradients(true);
  const at::TensorOptions options(at::kDouble);
  Network positive = network;
  for (auto& [name, tensor] : positive.initializers) {
    if (tensor.is_floating_point()) tensor = tensor.to(at::kDouble).abs();
  }
  for (const Node& node : network.nodes) {
    if (node.op_type != "BatchNormalization") continue;
    at::Tensor& mean = positive.initializers.at(node.inputs.at(3));
    mean = at::zeros(mean.sizes(), options);
  }
  const Leaves leaves =
      with_leaves(positive, layers, [](const at::Tensor& weight) { return weight; });
  std::vector<int64_t> shape = network.input.shape;
  shape.front() = 1;
  const at::Tensor flow =
      run(leaves.network, at::ones(shape, options), {logits_value(network)}).front().sum();
  return torch::autograd::grad({flow}, leaves.weights);
}

}  // namespace ncprune
