#include "ncprune/stats/statistics.h"

#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ncprune/base/error.h"
#include "ncprune/distributed/world.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/model/rows.h"
#include "ncprune/stats/class_sums.h"
#include "ncprune/stats/gradients.h"
#include "ncprune/stats/gram_sum.h"
#include "ncprune/stats/pass.h"
#include "ncprune/stats/sampling.h"

namespace ncprune {
namespace {

// Adds a float tensor in double.
void add(at::Tensor& sum, const at::Tensor& term) {
  if (!sum.defined()) sum = at::zeros(term.sizes(), term.options().dtype(at::kDouble));
  sum.add_(term);
}

// The inputs of every measurement.
struct Subject {
  const Network& network;
  const std::vector<Layer>& layers;
  const Dataset& data;
};

// kInputSquareMean, kSecondMoment and kScatterCovariance: one pass without derivatives.
void measure_activations(const Subject& subject, const std::set<Statistic>& needs,
                         std::vector<LayerStatistics>& statistics) {
  const Network& network = subject.network;
  const std::vector<Layer>& layers = subject.layers;
  const Dataset& data = subject.data;
  const bool squares = needs.contains(Statistic::kInputSquareMean);
  const bool products = needs.contains(Statistic::kSecondMoment);
  const bool covariance = needs.contains(Statistic::kScatterCovariance);
  if (!squares && !products && !covariance) return;
  std::vector<std::string> wanted;
  wanted.reserve(2 * layers.size());
  for (const Layer& layer : layers) wanted.push_back(layer.input);
  for (const Layer& layer : layers) {
    if (covariance) wanted.push_back(layer.activation);
  }
  const int64_t k = data.num_classes();
  std::vector<GramSum> grams(layers.size());
  std::vector<at::Tensor> input_totals(layers.size());  // per class, [K, d]
  std::vector<at::Tensor> unit_totals(layers.size());   // [K, m]
  for_each_batch(network, data, std::vector<double>(static_cast<size_t>(k), 1),
                 [&](const WeightedBatch& batch) {
                   const std::vector<at::Tensor> values = run(network, batch.inputs, wanted);
                   for (size_t l = 0; l < layers.size(); ++l) {
                     const RowChoice rows =
                         choose_rows(layers[l], values[l], batch.targets.labels.size(0),
                                     {batch.begin, kRowsPerSample});
                     const WeightedBatch row_batch = by_rows(batch, rows.per_sample);
                     const double share = 1 / static_cast<double>(rows.per_sample);
                     const at::Tensor x = input_rows(layers[l], values[l], rows);
                     if (squares) add(statistics[l].input_square_mean, x.square().sum(0) * share);
                     if (products) grams[l].add(share == 1 ? x : x * std::sqrt(share));
                     if (!covariance) continue;
                     const at::Tensor h = output_rows(layers[l], values[layers.size() + l], rows);
                     add(statistics[l].scatter_covariance, at::matmul(h.t(), x) * share);
                     const ClassRows by_class{row_batch.targets.labels, k, row_batch.factors};
                     add(input_totals[l], class_sums(x, by_class));
                     add(unit_totals[l], class_sums(h, by_class));
                   }
                 });
  const auto total = static_cast<double>(data.size());
  const at::Tensor counts = data.labels.bincount({}, k).clamp_min(1).unsqueeze(1);
  for (size_t l = 0; l < layers.size(); ++l) {
    LayerStatistics& s = statistics[l];
    for (at::Tensor* sum :
         {&s.input_square_mean, &s.scatter_covariance, &input_totals[l], &unit_totals[l]}) {
      *sum = sum_found(std::move(*sum));
    }
    if (squares) s.input_square_mean /= total;
    if (products) s.second_moment = grams[l].take().div_(total);
    // sum_i (h_i - mu_c)(x_i - mu_c)^T = sum_i h_i x_i^T - sum_c n_c mu_c(h) mu_c(x)^T
    if (covariance) {
      s.scatter_covariance -= at::matmul(unit_totals[l].t(), input_totals[l] / counts);
    }
  }
}

// kUnitVariance, or all of kUnitGeometry.
void measure_units(const Subject& subject, const StatisticsQuery& query,
                   std::vector<LayerStatistics>& statistics) {
  const Network& network = subject.network;
  const std::vector<Layer>& layers = subject.layers;
  const Dataset& data = subject.data;
  const bool all = query.needs.contains(Statistic::kUnitGeometry);
  MetricOptions scatter_only = query.metric;
  scatter_only.kappa = 0;
  const std::vector<LayerMoments> moments =
      measure_unit_moments(network, {layers, !all}, data, scatter_only);
  for (size_t l = 0; l < layers.size(); ++l) {
    const at::Tensor& scatter = moments[l].metric;
    statistics[l].unit_means = moments[l].class_means;
    statistics[l].unit_variance = all ? scatter.diagonal() : scatter;
    if (all) statistics[l].unit_scatter = scatter;
  }
}

at::Tensor batch_norm_scale(const Network& network, const Layer& layer) {
  for (const int64_t reader : consumers(network, layer.output)) {
    const Node& node = network.nodes[static_cast<size_t>(reader)];
    if (node.op_type != "BatchNormalization") continue;
    const auto scale = network.initializers.find(node.inputs.at(1));
    if (scale != network.initializers.end())
      return share_of(layer, scale->second, 0).to(at::kDouble);
  }
  throw InputError(
      fmt::format("layer '{}' is not followed by BatchNormalization, whose scale the "
                  "criterion ranks",
                  layer.name));
}

}  // namespace

std::vector<LayerStatistics> measure_statistics(const Network& network,
                                                const std::vector<Layer>& layers,
                                                const Dataset& data, const StatisticsQuery& query) {
  const std::set<Statistic>& needs = query.needs;
  const auto needed = [&](std::initializer_list<Statistic> any) {
    return std::any_of(any.begin(), any.end(), [&](Statistic s) { return needs.contains(s); });
  };
  std::vector<LayerStatistics> statistics(layers.size());
  if (needed({Statistic::kGradient, Statistic::kFisher, Statistic::kClassFisher,
              Statistic::kClassTaylor})) {
    statistics = measure_gradients(network, layers, data, needs);
  }
  for (LayerStatistics& s : statistics) s.class_counts = class_counts(data);
  measure_activations({network, layers, data}, needs, statistics);
  const auto set_all = [&](at::Tensor LayerStatistics::*field,
                           const std::vector<at::Tensor>& values) {
    for (size_t l = 0; l < layers.size(); ++l) statistics[l].*field = values[l];
  };
  if (needed({Statistic::kMetric})) {
    const std::vector<int64_t> enough = enough_per_class(network, layers, data.num_classes());
    const int64_t most = *std::max_element(enough.begin(), enough.end());
    const std::vector<LayerMoments> moments = measure_moments(
        {network, network}, layers, some_samples(data, most, query.metric.balance), query.metric);
    for (size_t l = 0; l < moments.size(); ++l) statistics[l].moments = moments[l];
  }
  if (needed({Statistic::kUnitVariance, Statistic::kUnitGeometry})) {
    measure_units({network, layers, data}, query, statistics);
  }
  if (needed({Statistic::kUnitActivity})) {
    const std::vector<UnitActivity> activities = measure_unit_activity(network, layers, data);
    for (size_t l = 0; l < layers.size(); ++l) statistics[l].unit_activity = activities[l];
  }
  if (needed({Statistic::kHessianGradient})) {
    set_all(&LayerStatistics::hessian_gradient, hessian_gradients(network, layers, data));
  }
  if (needed({Statistic::kSynapticFlow})) {
    set_all(&LayerStatistics::synaptic_flow, synaptic_flows(network, layers));
  }
  if (needed({Statistic::kBatchNormScale})) {
    for (size_t l = 0; l < layers.size(); ++l) {
      statistics[l].batch_norm_scale = batch_norm_scale(network, layers[l]);
    }
  }
  if (needed({Statistic::kOutputWeight})) {
    set_all(&LayerStatistics::output_weight,
            output_weights(network, layers, data, query.metric.balance));
  }
  return statistics;
}

}  // namespace ncprune
