#include "ncprune/stats/unit_activity.h"

#include <ATen/ops/stack.h>

#include <cmath>
#include <functional>

#include "ncprune/distributed/world.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/model/rows.h"
#include "ncprune/stats/pass.h"
#include "ncprune/stats/sampling.h"

namespace ncprune {
namespace {

// The mean over samples and their rows of `value`, which maps the activations [rows, m] of layer
// `l` to double [rows, m].
std::vector<at::Tensor> activation_means(
    const Network& network, const std::vector<Layer>& layers, const Dataset& data,
    const std::function<at::Tensor(const at::Tensor& h, size_t l)>& value) {
  std::vector<std::string> wanted;
  wanted.reserve(2 * layers.size());
  for (const Layer& layer : layers) wanted.push_back(layer.input);
  for (const Layer& layer : layers) wanted.push_back(layer.activation);
  std::vector<at::Tensor> sums(layers.size());
  for_each_batch(network, data, std::vector<double>(static_cast<size_t>(data.num_classes()), 1),
                 [&](const WeightedBatch& batch) {
                   const std::vector<at::Tensor> values = run(network, batch.inputs, wanted);
                   for (size_t l = 0; l < layers.size(); ++l) {
                     const RowChoice rows =
                         choose_rows(layers[l], values[l], batch.targets.labels.size(0),
                                     {batch.begin, kRowsPerSample});
                     const at::Tensor h = output_rows(layers[l], values[layers.size() + l], rows);
                     const at::Tensor sum =
                         value(h.to(at::kDouble), l).sum(0) / static_cast<double>(rows.per_sample);
                     sums[l] = sums[l].defined() ? sums[l] + sum : sum;
                   }
                 });
  for (at::Tensor& sum : sums) {
    sum = sum_found(std::move(sum)).div_(static_cast<double>(data.size()));
  }
  return sums;
}

}  // namespace

std::vector<UnitActivity> measure_unit_activity(const Network& network,
                                                const std::vector<Layer>& layers,
                                                const Dataset& data) {
  const std::vector<at::Tensor> both =
      activation_means(network, layers, data, [](const at::Tensor& h, size_t) {
        return at::stack({h, h.square()}, 1).flatten(1);
      });
  std::vector<UnitActivity> result(layers.size());
  std::vector<double> thresholds(layers.size());
  for (size_t l = 0; l < layers.size(); ++l) {
    const auto halves = both[l].chunk(2);
    const at::Tensor& square = halves[1];
    result[l].mean = halves[0];
    result[l].variance = (square - halves[0].square()).clamp_min_(0);
    thresholds[l] = 0.01 * std::sqrt(square.mean().item<double>());
  }
  const std::vector<at::Tensor> shares = activation_means(
      network, layers, data,
      [&](const at::Tensor& h, size_t l) { return h.abs().gt(thresholds[l]).to(at::kDouble); });
  for (size_t l = 0; l < layers.size(); ++l) result[l].active_share = shares[l];
  return result;
}

}  // namespace ncprune
