#include "ncprune/stats/moments.h"

#include <ATen/ops/matmul.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <set>
#include <utility>

#include "ncprune/distributed/world.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/model/rows.h"
#include "ncprune/stats/class_sums.h"
#include "ncprune/stats/gram_sum.h"
#include "ncprune/stats/metric_pass.h"
#include "ncprune/stats/pass.h"
#include "ncprune/stats/sampling.h"

namespace ncprune {
namespace {

at::Tensor as_tensor(const std::vector<double>& values) {
  return at::tensor(values, at::TensorOptions(at::kDouble));
}

// The weight of each sample of class c in the scatter term, so that one Gram matrix of weighted
// samples gives sum_c pi_c S*_c: shrinking towards the pool only moves weight between classes.
std::vector<double> scatter_weights(const std::vector<int64_t>& counts,
                                    const std::vector<double>& pi, double shrinkage) {
  double total = 0;
  double to_pool = 0;
  std::vector<double> own(counts.size());
  for (size_t c = 0; c < counts.size(); ++c) {
    own[c] = pi[c] * own_scatter(counts[c], shrinkage);
    to_pool += pi[c] - own[c];
    total += static_cast<double>(counts[c]);
  }
  std::vector<double> weights(counts.size());
  for (size_t c = 0; c < counts.size(); ++c) {
    if (counts[c] > 0) weights[c] = own[c] / static_cast<double>(counts[c]) + to_pool / total;
  }
  return weights;
}

// Whether all tensors that `value` depends on are the same in both networks.
bool same_up_to(const NetworkPair& pair, const std::string& value) {
  std::set<std::string> needed{value};
  for (size_t i = pair.dense.nodes.size(); i-- > 0;) {
    const Node& node = pair.dense.nodes[i];
    const bool used = std::any_of(node.outputs.begin(), node.outputs.end(),
                                  [&](const std::string& o) { return needed.contains(o); });
    if (used) needed.insert(node.inputs.begin(), node.inputs.end());
  }
  return std::all_of(needed.begin(), needed.end(), [&](const std::string& name) {
    const auto dense = pair.dense.initializers.find(name);
    return dense == pair.dense.initializers.end() ||
           dense->second.is_same(pair.pruned.initializers.at(name));
  });
}

// Sums over the samples of one layer. Products are taken in float, batch by batch, and added in
// double.
struct LayerSums {
  bool diagonal = false;   // only the Gram matrix's diagonal is needed
  GramSum gram;            // sum_i a_i x_i x_i^T
  at::Tensor squares;      // [d]: its diagonal
  at::Tensor product;      // [m, d]: sum_i a_i z_i x_i^T
  at::Tensor input_sums;   // [K, d]
  at::Tensor target_sums;  // [K, m]

  void add(const at::Tensor& x, const at::Tensor& z, const WeightedBatch& batch,
           int64_t num_classes) {
    const at::Tensor sample_weights =
        batch.factors.defined() ? batch.weights * batch.factors : batch.weights;
    const at::Tensor root = sample_weights.sqrt().to(x.scalar_type()).unsqueeze(1);
    const at::Tensor scaled = x * root;
    const auto accumulate = [](at::Tensor& sum, const at::Tensor& term) {
      sum = sum.defined() ? sum.add_(term) : term.to(at::kDouble);
    };
    const ClassRows rows{batch.targets.labels, num_classes, batch.factors};
    accumulate(input_sums, class_sums(x, rows));
    if (diagonal) {
      accumulate(squares, scaled.square().sum(0));
      return;
    }
    gram.add(scaled);
    if (!z.defined()) return;
    accumulate(product, at::matmul((z * root).t(), scaled));
    accumulate(target_sums, class_sums(z, rows));
  }

  // Adds the sums of all processes; GramSum does so itself.
  void sum_up() {
    for (at::Tensor* sum : {&squares, &product, &input_sums, &target_sums}) {
      *sum = sum_found(std::move(*sum));
    }
  }
};

// The rounding of a sum of products of floats scaled by a rounded root, relative to its terms.
constexpr double kProductRounding = 4e-7;

// The rounding of a sum of `rows` equal terms, whose additions all round the same way within a
// block of a BLAS product, which adds at most kBlock terms in a row.
double constant_rounding(double rows) {
  constexpr double kBlock = 512;
  constexpr double kHalfUnit = 6e-8;
  return std::max(kProductRounding, kHalfUnit * std::min(rows, kBlock));
}

struct Weights {
  at::Tensor counts;   // [K], at least 1
  at::Tensor pi;       // [K]
  at::Tensor scatter;  // [K]: total weight of a class in the scatter term
  double kappa;
};

// The layer that the moments are for; without a weight if only values are measured.
struct Target {
  at::Tensor weight;
  at::Tensor bias;
  bool centred = false;
};

LayerMoments finish(LayerSums sums, const Target& layer, const Weights& weights) {
  sums.sum_up();
  LayerMoments moments;
  const at::Tensor& weight = layer.weight;
  const auto means = [&](const at::Tensor& totals) { return totals / weights.counts.unsqueeze(1); };
  const auto centred = [&](const at::Tensor& class_means) {
    return layer.centred ? class_means - at::matmul(weights.pi, class_means) : class_means;
  };
  moments.class_means = means(sums.input_sums);
  moments.input_mean = at::matmul(weights.pi, moments.class_means);
  const at::Tensor x_between = centred(moments.class_means);
  const at::Tensor between_weights = weights.kappa * weights.pi;
  if (sums.diagonal) {
    moments.metric = sums.squares - at::matmul(weights.scatter, moments.class_means.square()) +
                     at::matmul(between_weights, x_between.square()) +
                     kProductRounding * sums.squares.sum();
    return moments;
  }
  // sum_c pi_c (Cov*_c(y, x) + kappa (..)(..)^T) from the weighted product of y and x, in its
  // place.
  const auto moment = [&](const at::Tensor& product, const at::Tensor& y_means) {
    return product
        .addmm_(y_means.t() * weights.scatter, moments.class_means, /*beta=*/1, /*alpha=*/-1)
        .addmm_(centred(y_means).t() * between_weights, x_between);
  };
  moments.metric = sums.gram.take();
  const at::Tensor trace = moments.metric.trace();
  moment(moments.metric, moments.class_means);
  // Constant features cancel to the rounding of float products, of either sign: lift every
  // eigenvalue above it. No eigenvalue of the error exceeds the rounding times the trace.
  const double rounding = constant_rounding(weights.counts.sum().item<double>());
  const bool constant = (moments.metric.trace() < rounding * trace).item<bool>();
  moments.metric.diagonal().add_((constant ? rounding : kProductRounding) * trace);
  if (!weight.defined()) return moments;
  const at::Tensor w = weight.to(at::kDouble);
  if (sums.product.defined()) {
    const at::Tensor target_means = means(sums.target_sums);
    moments.target_mean = at::matmul(weights.pi, target_means);
    moments.cross = moment(sums.product, target_means);
  } else {
    moments.target_mean = at::matmul(w, moments.input_mean);
    if (layer.bias.defined()) moments.target_mean += layer.bias;
    moments.cross = at::matmul(w, moments.metric);
  }
  return moments;
}

// The values of a batch in both networks.
struct PairValues {
  std::vector<at::Tensor> x;  // the layers' inputs in the pruned network
  std::vector<at::Tensor> z;  // outputs in the dense network
};

PairValues run_both(const NetworkPair& pair, const MetricBatch& batch,
                    const std::vector<std::string>& inputs,
                    const std::vector<std::string>& outputs) {
  if (pair.cache != nullptr) {
    const int64_t begin = batch.batch.begin;
    PairValues values{pair.cache->pruned.run(pair.pruned, {begin, batch.batch.inputs}, inputs), {}};
    if (!outputs.empty()) {
      values.z = pair.cache->dense.run(pair.dense, {begin, batch.clean}, outputs);
    }
    return values;
  }
  PairValues values{run(pair.pruned, batch.batch.inputs, inputs), {}};
  if (!outputs.empty()) values.z = run(pair.dense, batch.clean, outputs);
  return values;
}

// One pass over the rows of `layers`: the weighted sums of their inputs in the pruned network, with
// their outputs in the dense one where `with_target` says so.
struct MomentPass {
  const std::vector<Layer>& layers;
  const std::vector<bool>& with_target;
  const std::vector<double>& class_weights;  // per sample in the scatter term
  const MetricOptions& options;
};

std::vector<LayerSums> sum_moments(const NetworkPair& pair, const Dataset& data,
                                   const MomentPass& pass) {
  const std::vector<Layer>& layers = pass.layers;
  std::vector<std::string> inputs;
  std::vector<std::string> targets;
  for (size_t l = 0; l < layers.size(); ++l) {
    inputs.push_back(layers[l].input);
    if (pass.with_target[l]) targets.push_back(layers[l].output);
  }
  std::vector<LayerSums> sums(layers.size());
  for_each_metric_batch(
      pair, data, {pass.class_weights, pass.options}, [&](const MetricBatch& metric_batch) {
        const WeightedBatch& batch = metric_batch.batch;
        const int64_t samples = batch.targets.labels.size(0);
        const auto [x, z] = run_both(pair, metric_batch, inputs, targets);
        size_t next_target = 0;
        for (size_t l = 0; l < layers.size(); ++l) {
          const RowChoice rows =
              choose_rows(layers[l], x[l], samples, {batch.begin, kRowsPerSample});
          at::Tensor target;
          if (pass.with_target[l]) target = output_rows(layers[l], z[next_target++], rows);
          sums[l].add(input_rows(layers[l], x[l], rows), target, by_rows(batch, rows.per_sample),
                      data.num_classes());
        }
      });
  return sums;
}

struct ClassWeighting {
  std::vector<double> per_sample;
  Weights weights;
};

ClassWeighting weigh_classes(const Dataset& data, const MetricOptions& options) {
  const std::vector<int64_t> counts = class_counts(data);
  const std::vector<double> pi = class_weights(counts, options.balance);
  const std::vector<double> per_sample = scatter_weights(counts, pi, options.shrinkage);
  const at::Tensor n = at::tensor(counts, at::TensorOptions(at::kLong)).to(at::kDouble);
  return {per_sample, {n.clamp_min(1), as_tensor(pi), as_tensor(per_sample) * n, options.kappa}};
}

}  // namespace

std::vector<LayerMoments> measure_unit_moments(const Network& network, const UnitQuery& query,
                                               const Dataset& data, const MetricOptions& options) {
  const ClassWeighting weighting = weigh_classes(data, options);
  std::vector<std::string> values;
  values.reserve(query.layers.size());
  for (const Layer& layer : query.layers) values.push_back(layer.activation);
  std::vector<LayerSums> sums(values.size());
  for (LayerSums& s : sums) s.diagonal = query.diagonal;
  for_each_metric_batch({network, network}, data, {weighting.per_sample, options},
                        [&](const MetricBatch& metric_batch) {
                          const WeightedBatch& batch = metric_batch.batch;
                          const std::vector<at::Tensor> h = run(network, batch.inputs, values);
                          for (size_t l = 0; l < sums.size(); ++l) {
                            sums[l].add(
                                unit_means(query.layers[l], h[l], batch.targets.labels.size(0)), {},
                                batch, data.num_classes());
                          }
                        });
  std::vector<LayerMoments> moments;
  moments.reserve(sums.size());
  for (LayerSums& s : sums) moments.push_back(finish(std::move(s), {}, weighting.weights));
  return moments;
}

std::vector<LayerMoments> measure_means(const NetworkPair& pair, const std::vector<Layer>& layers,
                                        const Dataset& data, const MetricOptions& options) {
  const WeightedSample all = weighted_sample(data, data.size(), options.balance);
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  for (const Layer& layer : layers) {
    inputs.push_back(layer.input);
    outputs.push_back(layer.output);
  }
  const auto add = [](at::Tensor& mean, const at::Tensor& row_weights, const at::Tensor& rows) {
    const at::Tensor term = at::matmul(row_weights, rows.to(at::kDouble));
    mean = mean.defined() ? mean + term : term;
  };
  std::vector<LayerMoments> means(layers.size());
  const SampleWeighting weighting{all.class_weights, options};
  for_each_metric_batch(pair, all.samples, weighting, [&](const MetricBatch& metric_batch) {
    const WeightedBatch& batch = metric_batch.batch;
    const auto [x, z] = run_both(pair, metric_batch, inputs, outputs);
    for (size_t l = 0; l < layers.size(); ++l) {
      const RowChoice rows =
          choose_rows(layers[l], x[l], batch.targets.labels.size(0), {batch.begin, kRowsPerSample});
      const WeightedBatch row_batch = by_rows(batch, rows.per_sample);
      const at::Tensor row_weights =
          row_batch.factors.defined() ? row_batch.weights * row_batch.factors : row_batch.weights;
      add(means[l].input_mean, row_weights, input_rows(layers[l], x[l], rows));
      add(means[l].target_mean, row_weights, output_rows(layers[l], z[l], rows));
    }
  });
  for (LayerMoments& m : means) {
    m.input_mean = sum_found(m.input_mean);
    m.target_mean = sum_found(m.target_mean);
  }
  return means;
}

std::vector<LayerMoments> measure_moments(const NetworkPair& pair, const std::vector<Layer>& layers,
                                          const Dataset& data, const MetricOptions& options) {
  std::vector<bool> with_target;
  with_target.reserve(layers.size());
  for (const Layer& layer : layers) {
    with_target.push_back(options.noise > 0 || !same_up_to(pair, layer.input));
  }
  const ClassWeighting weighting = weigh_classes(data, options);
  std::vector<LayerSums> sums =
      sum_moments(pair, data, {layers, with_target, weighting.per_sample, options});
  std::vector<LayerMoments> moments;
  for (size_t l = 0; l < layers.size(); ++l) {
    const at::Tensor bias = bias_of(pair.dense, layers[l]);
    moments.push_back(finish(std::move(sums[l]),
                             {weight_of(pair.dense, layers[l]), bias, shifts(layers[l])},
                             weighting.weights));
  }
  return moments;
}

}  // namespace ncprune
