#include "ncprune/prune/recalibrate.h"

#include <ATen/ops/scalar_tensor.h>
#include <fmt/format.h>

#include "ncprune/base/error.h"
#include "ncprune/distributed/world.h"
#include "ncprune/model/activation_cache.h"
#include "ncprune/stats/pass.h"

namespace ncprune {
namespace {

// Moments of every channel; double [C].
struct ChannelMoments {
  at::Tensor mean;
  at::Tensor variance;  // divided by the number of values
};

// Sums over all samples and positions of `value` [N, C, ...].
ChannelMoments channel_moments(const Network& network, const std::string& value,
                               const Dataset& data, ActivationCache& cache) {
  at::Tensor shift;  // the first batch's mean: deviations from it cancel little
  at::Tensor sum;
  at::Tensor squares;
  int64_t count = 0;
  const std::vector<double> alike(data.class_names.size(), 1);
  for_each_batch(network, data, alike, [&](const WeightedBatch& batch) {
    const at::Tensor here = cache.run(network, {batch.begin, batch.inputs}, {value}).front();
    const at::Tensor x = here.to(at::kDouble).transpose(0, 1).flatten(1);
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

}  // namespace

Network recalibrated(const Network& network, const Dataset& data) {
  Network result = network;
  ActivationCache cache(int64_t{1} << 30);  // all samples are run, not only some per class
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
    const ChannelMoments moments = channel_moments(result, node.inputs.front(), data, cache);
    mean = moments.mean.to(mean.scalar_type());
    variance = moments.variance.to(variance.scalar_type());
  }
  return result;
}

}  // namespace ncprune
