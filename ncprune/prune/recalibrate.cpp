#include "ncprune/prune/recalibrate.h"

#include <ATen/ops/ones_like.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>
#include <fmt/format.h>

#include <algorithm>

#include "ncprune/base/error.h"
#include "ncprune/distributed/world.h"
#include "ncprune/model/activation_cache.h"
#include "ncprune/prune/channel_affine.h"
#include "ncprune/stats/pass.h"
#include "ncprune/stats/sampling.h"

namespace ncprune {
namespace {

constexpr int64_t kBytes = int64_t{1} << 30;  // of activations that are kept

// Moments of every channel; double [C].
struct ChannelMoments {
  at::Tensor mean;
  at::Tensor variance;  // divided by the number of values
};

// Over all samples and positions of `value`, whose channels are its last axis or the one after the
// samples.
ChannelMoments channel_moments(const Network& network, const std::string& value, bool last,
                               const Dataset& data, ActivationCache& cache) {
  at::Tensor shift;  // the first batch's mean: deviations from it cancel little
  at::Tensor sum;
  at::Tensor squares;
  int64_t count = 0;
  const std::vector<double> alike(data.class_names.size(), 1);
  for_each_batch(network, data, alike, [&](const WeightedBatch& batch) {
    const at::Tensor here = cache.run(network, {batch.begin, batch.inputs}, {value}).front();
    const at::Tensor x = here.to(at::kDouble).movedim(last ? -1 : 1, 0).flatten(1);
    if (!shift.defined()) shift = x.mean(1, true);
    const at::Tensor shifted = x - shift;
    const at::Tensor batch_sum = shifted.sum(1);
    const at::Tensor batch_squares = shifted.square().sum(1);
    sum = sum.defined() ? sum + batch_sum : batch_sum;
    squares = squares.defined() ? squares + batch_squares : batch_squares;
    count += x.size(1);
  });
  for (at::Tensor* t : {&shift, &sum, &squares}) {
    if (t->defined()) *t = t->cpu();
  }
  // Each process has its own shift: means and scatters are combined like those of groups.
  const at::Tensor n = sum_found(at::scalar_tensor(static_cast<double>(count), at::kDouble));
  at::Tensor own_mean;
  at::Tensor own_scatter;
  if (count > 0) {
    const at::Tensor offset = sum / static_cast<double>(count);
    own_mean = shift.flatten() + offset;
    own_scatter = squares - sum * offset;
  }
  const auto weight = static_cast<double>(count);
  const at::Tensor mean = sum_found(count > 0 ? own_mean * weight : own_mean) / n;
  const at::Tensor scatter =
      sum_found(count > 0 ? own_scatter + (own_mean - mean).square() * weight : own_scatter);
  return {mean, (scatter / n).clamp_min(0)};
}

Network with_new_statistics(const Network& network, const Dataset& data) {
  Network result = network;
  ActivationCache cache(kBytes);
  for (const Node& node : network.nodes) {
    if (node.op_type != "BatchNormalization") continue;
    const auto statistic = [&](size_t input) -> at::Tensor& {
      const auto found = result.initializers.find(node.inputs.at(input));
      if (found != result.initializers.end()) return found->second;
      throw InputError(fmt::format(
          "node {} (BatchNormalization): its statistics are computed and cannot be recalibrated",
          node.label()));
    };
    at::Tensor& mean = statistic(3);
    at::Tensor& variance = statistic(4);
    const ChannelMoments moments = channel_moments(result, node.inputs.front(), false, data, cache);
    mean = moments.mean.to(mean.scalar_type());
    variance = moments.variance.to(variance.scalar_type());
  }
  return result;
}

Network with_dense_statistics(const NetworkPair& pair, const Dataset& all) {
  constexpr double kMostFactor = 4;
  constexpr int64_t kEnough = 2048;
  const Dataset data = at_even_distances(all, kEnough);
  Network result = pair.pruned;
  ActivationCache of_dense(kBytes / 2);
  ActivationCache of_pruned(kBytes / 2);
  const std::string scores = logits_value(result);
  for (const ChannelAffine& affine : channel_affines(result)) {
    if (affine.value == scores || producer(pair.dense, affine.value) < 0) continue;
    const auto moments = [&](const Network& network, ActivationCache& cache) {
      return channel_moments(network, affine.value, affine.last, data, cache);
    };
    const ChannelMoments wanted = moments(pair.dense, of_dense);
    const ChannelMoments own = moments(result, of_pruned);
    if (own.mean.numel() != wanted.mean.numel()) continue;  // whole units were removed
    at::Tensor factor = (wanted.variance / own.variance).sqrt();
    const at::Tensor sound = own.variance.gt(0).logical_and(wanted.variance.gt(0));
    factor = at::where(sound, factor, 1).clamp(1 / kMostFactor, kMostFactor);
    at::Tensor shift = at::zeros_like(own.mean);
    if (!affine.shift.empty()) shift = result.initializers.at(affine.shift).to(at::kDouble);
    // u + shift becomes factor u + shift + delta, with the wanted mean.
    if (affine.scale.empty()) factor = at::ones_like(factor);
    const at::Tensor delta = wanted.mean - factor * (own.mean - shift) - shift;
    adapt(result, affine, factor, at::where(sound, delta, 0));
  }
  return result;
}

bool has_batch_norm(const Network& network) {
  return std::any_of(network.nodes.begin(), network.nodes.end(),
                     [](const Node& node) { return node.op_type == "BatchNormalization"; });
}

}  // namespace

Network recalibrated(const NetworkPair& pair, const Dataset& data) {
  return has_batch_norm(pair.pruned) ? with_new_statistics(pair.pruned, data)
                                     : with_dense_statistics(pair, data);
}

}  // namespace ncprune
