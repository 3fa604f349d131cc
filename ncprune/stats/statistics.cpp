#include "ncprune/stats/statistics.h"

#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros.h>

#include "ncprune/model/interpreter.h"
#include "ncprune/stats/pass.h"

namespace ncprune {
namespace {

at::Tensor zeros(at::IntArrayRef shape) {
  return at::zeros(shape, at::TensorOptions(at::kDouble));
}

void measure_input_squares(const Network& network, const std::vector<Layer>& layers,
                           const Dataset& data, std::vector<LayerStatistics>& statistics) {
  std::vector<std::string> inputs;
  inputs.reserve(layers.size());
  for (const Layer& layer : layers) inputs.push_back(layer.input);
  const std::vector<double> weight(static_cast<size_t>(data.num_classes()),
                                   1 / static_cast<double>(data.size()));
  for_each_batch(network, data, weight, [&](const Batch& batch) {
    const std::vector<at::Tensor> x = run(network, batch.inputs, inputs);
    for (size_t l = 0; l < layers.size(); ++l) {
      at::Tensor& mean = statistics[l].input_square_mean;
      if (!mean.defined()) mean = zeros({x[l].size(1)});
      mean += at::matmul(batch.weights, x[l].square().to(at::kDouble));
    }
  });
}

// sum_i (h_i - mu_c)(x_i - mu_c)^T = sum_i h_i x_i^T - sum_c n_c mu_c(h) mu_c(x)^T: one product.
void measure_scatter_covariance(const Network& network, const std::vector<Layer>& layers,
                                const Dataset& data, std::vector<LayerStatistics>& statistics) {
  std::vector<std::string> wanted;
  for (const Layer& layer : layers) {
    wanted.push_back(layer.input);
    wanted.push_back(layer.activation);
  }
  const int64_t k = data.num_classes();
  std::vector<at::Tensor> sums(wanted.size());
  for_each_batch(network, data, std::vector<double>(static_cast<size_t>(k), 1),
                 [&](const Batch& b) {
                   const std::vector<at::Tensor> values = run(network, b.inputs, wanted);
                   for (size_t v = 0; v < values.size(); ++v) {
                     if (!sums[v].defined()) sums[v] = zeros({k, values[v].size(1)});
                     sums[v].index_add_(0, b.labels, values[v].to(at::kDouble));
                   }
                   for (size_t l = 0; l < layers.size(); ++l) {
                     at::Tensor& product = statistics[l].scatter_covariance;
                     const at::Tensor term = at::matmul(values[2 * l + 1].t(), values[2 * l]);
                     product = product.defined() ? product.add_(term) : term.to(at::kDouble);
                   }
                 });
  const at::Tensor counts = data.labels.bincount({}, k).clamp_min(1).unsqueeze(1);
  for (size_t l = 0; l < layers.size(); ++l) {
    statistics[l].scatter_covariance -= at::matmul(sums[2 * l + 1].t(), sums[2 * l] / counts);
  }
}

}  // namespace

std::vector<LayerStatistics> measure_statistics(const Network& network,
                                                const std::vector<Layer>& layers,
                                                const Dataset& data,
                                                const std::set<Statistic>& needs,
                                                const MetricOptions& options) {
  std::vector<LayerStatistics> statistics(layers.size());
  if (needs.contains(Statistic::kInputSquareMean)) {
    measure_input_squares(network, layers, data, statistics);
  }
  if (needs.contains(Statistic::kScatterCovariance)) {
    measure_scatter_covariance(network, layers, data, statistics);
  }
  if (needs.contains(Statistic::kMetric)) {
    const std::vector<LayerMoments> moments =
        measure_moments({network, network}, layers, data, options);
    for (size_t l = 0; l < layers.size(); ++l) statistics[l].metric = moments[l].metric;
  }
  if (needs.contains(Statistic::kOutputWeight)) {
    const std::vector<at::Tensor> weights = output_weights(network, layers, data, options.balance);
    for (size_t l = 0; l < layers.size(); ++l) statistics[l].output_weight = weights[l];
  }
  return statistics;
}

}  // namespace ncprune
