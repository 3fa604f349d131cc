#include "ncprune/stats/gradients.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/autograd.h>

#include "ncprune/distributed/world.h"
#include "ncprune/model/class_loss.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/model/rows.h"
#include "ncprune/stats/class_sums.h"
#include "ncprune/stats/pass.h"
#include "ncprune/stats/sampling.h"

namespace ncprune {
namespace {

// The rows of a few samples in one layer: its input x [B * P, d], pre-activation [B * P, m],
// without the bias if kClassTaylor is needed, and the derivatives by z of each sample's loss
// [B * P, m].
struct LayerBatch {
  at::Tensor x;
  at::Tensor product;
  at::Tensor dz;
  at::Tensor labels;   // [B]
  int64_t per_sample;  // P
};

// The squares of each sample's gradient, summed over the samples `own`: [m, d]. With one row per
// sample they are products of squares, and the sum is one matrix product.
at::Tensor squared_gradients(const LayerBatch& batch, const at::Tensor& own) {
  const int64_t p = batch.per_sample;
  if (p == 1) {
    return at::matmul(batch.dz.index_select(0, own).square().t(),
                      batch.x.index_select(0, own).square());
  }
  const at::Tensor dz = batch.dz.view({-1, p, batch.dz.size(1)}).index_select(0, own);
  const at::Tensor x = batch.x.view({-1, p, batch.x.size(1)}).index_select(0, own);
  return at::bmm(dz.transpose(1, 2), x).square_().sum(0);
}

// Products are taken in float, batch by batch, and added in double.
void add_to(LayerStatistics& sums, const LayerBatch& batch, const std::set<Statistic>& needs) {
  const auto add = [](at::Tensor& sum, const at::Tensor& term) {
    if (!sum.defined()) sum = at::zeros(term.sizes(), term.options().dtype(at::kDouble));
    sum.add_(term);
  };
  if (needs.contains(Statistic::kGradient)) add(sums.gradient, at::matmul(batch.dz.t(), batch.x));
  const bool by_class = needs.contains(Statistic::kClassFisher);
  if (needs.contains(Statistic::kFisher) && !by_class) {
    add(sums.fisher,
        squared_gradients(batch, at::arange(batch.labels.size(0), batch.labels.options())));
  }
  const int64_t k = std::ssize(sums.class_counts);
  if (by_class) {
    if (!sums.class_fisher.defined()) {
      sums.class_fisher = at::zeros({k, batch.dz.size(1), batch.x.size(1)}, batch.x.options());
    }
    for (int64_t c = 0; c < k; ++c) {
      const at::Tensor own = batch.labels.eq(c).nonzero().flatten();
      if (own.numel() == 0) continue;
      // Added in float: no term is negative, and adding K of these in double would take as long as
      // all their products.
      sums.class_fisher[c].add_(squared_gradients(batch, own));
    }
  }
  if (needs.contains(Statistic::kClassTaylor)) {
    const at::Tensor by_row = batch.dz * batch.product;
    const at::Tensor by_sample = by_row.view({-1, batch.per_sample, by_row.size(1)}).sum(1);
    add(sums.class_taylor, class_sums(by_sample, {batch.labels, k, {}}));
  }
}

// The values of one layer for a batch, as the graph has them.
struct LayerValues {
  const Layer& layer;
  at::Tensor weight;  // [m, d]
  at::Tensor bias;    // [m], or undefined
  at::Tensor input;
  at::Tensor output;  // z
  at::Tensor dz;
  at::Tensor labels;  // [B]
};

// Adds a batch in parts: patches and the gradients of single samples take far more memory than the
// values they come from.
void add_in_parts(LayerStatistics& sums, const LayerValues& values,
                  const std::set<Statistic>& needs) {
  constexpr int64_t kElements = int64_t{1} << 25;
  const int64_t samples = values.labels.size(0);
  const int64_t p = every_row(values.layer, values.input, samples).per_sample;
  const int64_t per_sample = values.weight.numel() + p * values.weight.size(1);
  const int64_t part = p == 1 ? samples : std::max<int64_t>(1, kElements / per_sample);
  const bool biased = values.bias.defined() && needs.contains(Statistic::kClassTaylor);
  for (int64_t begin = 0; begin < samples; begin += part) {
    const int64_t end = std::min(begin + part, samples);
    const auto slice = [&](const at::Tensor& t) {
      const int64_t each = t.size(0) / samples;
      return t.slice(0, begin * each, end * each);
    };
    const RowChoice rows{end - begin, p, {}};
    const at::Tensor z = output_rows(values.layer, slice(values.output), rows);
    add_to(sums,
           {input_rows(values.layer, slice(values.input), rows),
            biased ? z - values.bias.to(z.device()) : z,
            output_rows(values.layer, slice(values.dz), rows), slice(values.labels), p},
           needs);
  }
}

// Turns sums into means; if both Fishers are needed, only that of the classes was summed.
void finish_sums(LayerStatistics& sums, const Dataset& data, const std::set<Statistic>& needs) {
  for (at::Tensor* sum : {&sums.gradient, &sums.fisher, &sums.class_fisher, &sums.class_taylor}) {
    *sum = sum_found(std::move(*sum));
  }
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

Leaves with_leaves(const Network& network, const std::vector<Layer>& layers) {
  const at::AutoGradMode with_gradients(true);  // follows each leaf into the form it is stored in
  Leaves leaves{network, {}};
  for (const Layer& layer : layers) {
    const at::Tensor weight = weight_of(network, layer).detach().clone().requires_grad_(true);
    at::Tensor& stored = leaves.network.initializers[layer.weight];
    const at::Tensor own = as_stored(layer, weight);
    stored = layer.group == 0 ? own : at::cat({stored, own});
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
  for_each_gradient_batch(
      network, data, std::vector<double>(sums.front().class_counts.size(), 1),
      [&](const WeightedBatch& batch) {
        const at::AutoGradMode with_gradients(true);
        // A tracked input makes autograd follow every value inside the graph.
        const at::Tensor inputs = batch.inputs.detach().requires_grad_(true);
        std::vector<at::Tensor> values = run(network, inputs, wanted);
        const at::Tensor logits = values.back();
        const at::Tensor by_logits = losses_by_logits(logits, batch.targets);
        values.resize(layers.size() * 2);
        const std::vector<at::Tensor> z(values.begin(), values.begin() + std::ssize(layers));
        const std::vector<at::Tensor> dz = torch::autograd::grad({logits}, z, {by_logits});
        const at::NoGradGuard no_grad;
        for (size_t l = 0; l < layers.size(); ++l) {
          add_in_parts(
              sums[l],
              {layers[l], weight_of(network, layers[l]), bias_of(network, layers[l]),
               values[layers.size() + l].detach(), z[l].detach(), dz[l], batch.targets.labels},
              needs);
        }
      });
  for (LayerStatistics& s : sums) finish_sums(s, data, needs);
  return sums;
}

std::vector<at::Tensor> hessian_gradients(const Network& network, const std::vector<Layer>& layers,
                                          const Dataset& data) {
  constexpr int64_t kPerClass = 256;
  const Dataset sample = at_most_per_class(data, kPerClass);
  const Leaves leaves = with_leaves(network, layers);
  const std::string scores = logits_value(network);
  // The gradient of the mean loss over the part of the sample that is in the batch.
  const auto gradient = [&](const WeightedBatch& batch, bool differentiable) {
    const at::Tensor logits = run(leaves.network, batch.inputs, {scores}).front();
    const at::Tensor loss =
        class_losses(logits, batch.targets).sum() / static_cast<double>(sample.size());
    return torch::autograd::grad({loss}, leaves.weights, {}, differentiable, differentiable);
  };
  const std::vector<double> alike(static_cast<size_t>(data.num_classes()), 1);
  std::vector<at::Tensor> mean(layers.size());
  for_each_gradient_batch(network, sample, alike, [&](const WeightedBatch& batch) {
    const at::AutoGradMode with_gradients(true);
    const std::vector<at::Tensor> terms = gradient(batch, false);
    for (size_t l = 0; l < layers.size(); ++l) {
      mean[l] = mean[l].defined() ? mean[l] + terms[l] : terms[l];
    }
  });
  for (at::Tensor& sum : mean) sum = sum_found(std::move(sum));
  std::vector<at::Tensor> products(layers.size());
  for_each_gradient_batch(network, sample, alike, [&](const WeightedBatch& batch) {
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
  for (at::Tensor& sum : products) sum = sum_found(std::move(sum));
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
  const Leaves leaves = with_leaves(positive, layers);
  std::vector<int64_t> shape = network.input.shape;
  shape.front() = 1;
  const at::Tensor flow =
      run(leaves.network, at::ones(shape, options), {logits_value(network)}).front().sum();
  return torch::autograd::grad({flow}, leaves.weights);
}

}  // namespace ncprune
