#include "ncprune/model/shared_batch_norm.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/scalar_tensor.h>
#include <torch/csrc/autograd/custom_function.h>

#include "ncprune/distributed/world.h"

namespace ncprune {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

// Sums over all but the channels, in double.
at::Tensor channel_sums(const at::Tensor& values) {
  std::vector<int64_t> axes;
  for (int64_t axis = 0; axis < values.dim(); ++axis) {
    if (axis != 1) axes.push_back(axis);
  }
  return values.sum(axes, false, at::kDouble);
}

// [C] as a factor of [B, C, ...], in the type of `like`.
at::Tensor per_channel(const at::Tensor& numbers, const at::Tensor& like) {
  std::vector<int64_t> shape(static_cast<size_t>(like.dim()), 1);
  shape[1] = numbers.numel();
  return numbers.to(like.scalar_type()).view(shape);
}

struct BatchStatistics {
  at::Tensor mean;      // double [C]
  at::Tensor variance;  // double [C], divided by the number of values
  double count;         // of values per channel
};

BatchStatistics statistics_of(const at::Tensor& x) {
  const int64_t channels = x.size(1);
  const at::Tensor own = at::scalar_tensor(static_cast<double>(x.numel() / channels), at::kDouble);
  const at::Tensor first = sum_over_world(at::cat({own.view({1}), channel_sums(x)}));
  const at::Tensor count = first[0];
  const at::Tensor mean = first.slice(0, 1) / count;
  const at::Tensor centred = x - per_channel(mean, x);
  const at::Tensor variance = sum_over_world(channel_sums(centred.square())) / count;
  return {mean, variance, count.item<double>()};
}

// y = scale (x - mean) / sqrt(variance + epsilon) + bias.
struct SharedBatchNorm : torch::autograd::Function<SharedBatchNorm> {
  static Variable forward(AutogradContext* context, const Variable& x, const Variable& scale,
                          const Variable& bias, const at::Tensor& mean, const at::Tensor& inverse) {
    const at::Tensor normal = (x - per_channel(mean, x)) * per_channel(inverse, x);
    context->save_for_backward({normal, scale, inverse});
    return normal * per_channel(scale, x) + per_channel(bias, x);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor& normal = saved[0];
    const at::Tensor& scale = saved[1];
    const at::Tensor& inverse = saved[2];
    const at::Tensor& dy = gradients.front();
    const at::Tensor by_bias = channel_sums(dy);
    const at::Tensor by_scale = channel_sums(dy * normal);
    const int64_t channels = scale.numel();
    const at::Tensor own =
        at::scalar_tensor(static_cast<double>(dy.numel() / channels), at::kDouble);
    const at::Tensor sums = sum_over_world(at::cat({own.view({1}), by_bias, by_scale}));
    const at::Tensor mean = sums.slice(0, 1) / sums[0];
    const at::Tensor dx = (dy - per_channel(mean.slice(0, 0, channels), dy) -
                           normal * per_channel(mean.slice(0, channels), dy)) *
                          per_channel(scale.to(at::kDouble) * inverse, dy);
    return {dx, by_scale.to(scale.scalar_type()), by_bias.to(scale.scalar_type()), {}, {}};
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
  const at::Tensor inverse = (batch.variance + options.epsilon).rsqrt();
  return SharedBatchNorm::apply(inputs.x, inputs.scale, inputs.bias, batch.mean, inverse);
}

}  // namespace ncprune
