#include "ncprune/model/shared_batch_norm.h"

#include <ATen/ops/addcmul.h>
#include <ATen/ops/batch_norm_update_stats.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/native_batch_norm.h>
#include <ATen/ops/native_batch_norm_backward.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include <array>

#include "ncprune/distributed/world.h"

namespace ncprune {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

// The number of values per channel in this process, [1] in double.
at::Tensor own_count(const at::Tensor& x) {
  const int64_t values = x.numel() / x.size(1);
  return at::full({1}, static_cast<double>(values), x.options().dtype(at::kDouble));
}

struct BatchStatistics {
  at::Tensor mean;      // double [C]
  at::Tensor variance;  // double [C], divided by the number of values
  double count;         // of values per channel
};

// Combined from the means and variances of every process's share. In double the sum of squares
// loses no precision of the floats x.
BatchStatistics statistics_of(const at::Tensor& x) {
  const auto [own_mean, own_variance] = at::batch_norm_update_stats(x, {}, {}, 0);
  const int64_t channels = x.size(1);
  const at::Tensor n = own_count(x);
  const at::Tensor share = own_mean.to(at::kDouble);
  const at::Tensor squares = own_variance.to(at::kDouble) + share.square();
  const at::Tensor sums = sum_over_world(at::cat({n, share * n, squares * n}));
  const at::Tensor mean = sums.slice(0, 1, channels + 1) / sums[0];
  const at::Tensor variance = sums.slice(0, channels + 1) / sums[0] - mean.square();
  return {mean, variance.clamp_min(0), sums[0].item<double>()};
}

// y = scale (x - mean) / sqrt(variance + epsilon) + bias, with mean and variance of the batch over
// all processes. LibTorch's kernels make every pass over x.
struct SharedBatchNorm : torch::autograd::Function<SharedBatchNorm> {
  static Variable forward(AutogradContext* context, const Variable& x, const Variable& scale,
                          const Variable& bias, const BatchStatistics& batch, double epsilon) {
    const at::Tensor mean = batch.mean.to(x.scalar_type());
    const at::Tensor variance = batch.variance.to(x.scalar_type());
    context->save_for_backward({x, scale, mean, variance});
    context->saved_data["epsilon"] = epsilon;
    return std::get<0>(
        at::native_batch_norm(x, scale, bias, mean, variance, /*training=*/false, 0, epsilon));
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor& x = saved[0];
    const at::Tensor& scale = saved[1];
    const at::Tensor& mean = saved[2];
    const at::Tensor& variance = saved[3];
    const double epsilon = context->saved_data["epsilon"].toDouble();
    const at::Tensor& dy = gradients.front();
    const auto [none, by_scale, by_bias] =
        at::native_batch_norm_backward(dy, x, scale, mean, variance, {}, {}, /*train=*/false,
                                       epsilon, std::array<bool, 3>{false, true, true});
    const int64_t channels = scale.numel();
    const at::Tensor sums =
        sum_over_world(at::cat({own_count(dy), by_bias.to(at::kDouble), by_scale.to(at::kDouble)}));
    const at::Tensor mean_dy = sums.slice(0, 1, channels + 1) / sums[0];
    const at::Tensor mean_product =
        sums.slice(0, channels + 1) / sums[0];  // of dy and normalized x
    // dx = factor (dy - mean_dy - normal mean_product), normal = (x - mean) inverse: the part
    // without dy is a scale and a shift per channel.
    const at::Tensor inverse = (variance.to(at::kDouble) + epsilon).rsqrt();
    const at::Tensor factor = scale.to(at::kDouble) * inverse;
    const at::Tensor slope = -factor * inverse * mean_product;
    const at::Tensor shift = -factor * mean_dy - slope * mean;
    const auto like_x = [&](const at::Tensor& numbers) { return numbers.to(x.scalar_type()); };
    const at::Tensor rest =
        std::get<0>(at::native_batch_norm(x, like_x(slope), like_x(shift), at::zeros_like(mean),
                                          at::ones_like(mean), /*training=*/false, 0, 0));
    std::vector<int64_t> by_channel(static_cast<size_t>(x.dim()), 1);
    by_channel[1] = channels;
    return {at::addcmul(rest, dy, like_x(factor).view(by_channel)), by_scale, by_bias, {}, {}};
  }
};

}  // namespace

at::Tensor shared_batch_norm(const BatchNormInputs& inputs, const BatchNormOptions& options) {
  BatchStatistics batch;
  {
    const at::NoGradGuard no_grad;
    batch = statistics_of(inputs.x);
    const auto follow = [&](const at::Tensor& running, const at::Tensor& value) {
      running.mul_(1 - options.momentum).add_(value.to(running.scalar_type()), options.momentum);
    };
    follow(inputs.mean, batch.mean);
    follow(inputs.variance, batch.variance * (batch.count / (batch.count - 1)));
  }
  return SharedBatchNorm::apply(inputs.x, inputs.scale, inputs.bias, batch, options.epsilon);
}

}  // namespace ncprune
