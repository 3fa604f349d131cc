// Normalization of every kind, and Dropout.
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/group_norm.h>
#include <ATen/ops/instance_norm.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/native_layer_norm.h>
#include <ATen/ops/softmax.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ncprune/model/operators.h"
#include "ncprune/model/sample_order.h"
#include "ncprune/model/shared_batch_norm.h"

namespace ncprune::operators_files {
namespace {

Tensors run_batch_normalization(const Node& node, const Tensors& inputs, const RunMode& mode) {
  const at::Tensor& x = inputs.at(0);
  if (mode.training && !mode.share && x.dim() >= 2 && x.numel() == x.size(1)) {
    refuse(node, "one value per channel has no variance to train on; use a larger batch");
  }
  // ONNX's momentum is the weight of the old statistics, LibTorch's that of the new ones.
  const double momentum = 1 - node.number("momentum", 0.9);
  const double epsilon = node.number("epsilon", 1e-5);
  const bool together = has_samples_together(x);
  const at::Tensor values = together ? as_planes(x) : x;
  const at::Tensor normal =
      mode.training && mode.share
          ? shared_batch_norm({values, inputs.at(1), inputs.at(2), inputs.at(3), inputs.at(4)},
                              {momentum, epsilon})
          : at::batch_norm(values, inputs.at(1), inputs.at(2), inputs.at(3), inputs.at(4),
                           mode.training, momentum, epsilon, false);
  return {together ? from_planes(normal, x.sizes()) : normal};
}

Tensors run_dropout(const Node& node, const Tensors& inputs, const RunMode& mode) {
  const at::Tensor& x = inputs.at(0);
  if (!mode.training) return {x};
  // The ratio is an attribute up to opset 11 and an optional input since.
  const bool has_input = inputs.size() > 1 && inputs[1].defined();
  const double ratio = has_input ? inputs[1].item<double>() : node.number("ratio", 0.5);
  if (ratio < 0 || ratio >= 1) refuse(node, fmt::format("ratio {} outside [0, 1)", ratio));
  // Drawn in main memory, so that the draws are the same on every device.
  const at::TensorOptions options = x.options().device(at::kCPU);
  at::Tensor kept = at::empty_like(x, options);
  if (mode.share) {  // this part's draws of the whole batch
    const auto [begin, size, of] = *mode.share;
    const int64_t rows = x.size(0) / size;
    std::vector<int64_t> shape = x.sizes().vec();
    shape.front() = rows * of;
    kept = at::empty(shape, options, x.suggest_memory_format());
    kept.bernoulli_(1 - ratio, mode.random->generator());
    kept = kept.slice(0, rows * begin, rows * (begin + size));
  } else {
    kept.bernoulli_(1 - ratio, mode.random->generator());
  }
  return {x * kept.to(x.device()) / (1 - ratio)};
}

Tensors run_instance_normalization(const Node& node, const Tensors& inputs, const RunMode&) {
  if (inputs.at(0).dim() < 3) refuse(node, "a value without spatial axes");
  return {at::instance_norm(inputs[0], inputs.at(1), inputs.at(2), {}, {}, true, 0,
                            node.number("epsilon", 1e-5), false)};
}

// Also returns the mean and the inverse standard deviation.
Tensors run_layer_normalization(const Node& node, const Tensors& inputs, const RunMode&) {
  const at::Tensor& x = inputs.at(0);
  const int64_t axis = axis_of(node, -1, x.dim());
  auto [y, mean, deviation] = at::native_layer_norm(
      x, x.sizes().slice(static_cast<size_t>(axis)), inputs.at(1),
      inputs.size() > 2 ? inputs[2] : at::Tensor(), node.number("epsilon", 1e-5));
  return {y, mean, deviation};
}

// Scale and bias [C], or, as in opset 18, [groups].
Tensors run_group_normalization(const Node& node, const Tensors& inputs, const RunMode&) {
  const at::Tensor& x = inputs.at(0);
  const int64_t groups = node.integer("num_groups", 0);
  if (x.dim() < 2 || groups < 1 || x.size(1) % groups != 0) {
    refuse(node, fmt::format("{} groups of a value of [{}]", groups, fmt::join(x.sizes(), ", ")));
  }
  const auto per_channel = [&](const at::Tensor& numbers) {
    return numbers.numel() == groups ? numbers.repeat_interleave(x.size(1) / groups) : numbers;
  };
  return {at::group_norm(x, groups, per_channel(inputs.at(1)), per_channel(inputs.at(2)),
                         node.number("epsilon", 1e-5), false)};
}

// Local response normalization over a window of `size` channels.
Tensors run_lrn(const Node& node, const Tensors& inputs, const RunMode&) {
  const at::Tensor& x = inputs.at(0);
  const int64_t size = node.integer("size", 0);
  if (x.dim() < 2 || size < 1 || size > 2 * x.size(1) + 1) {
    refuse(node, fmt::format("a window of {} in [{}]", size, fmt::join(x.sizes(), ", ")));
  }
  std::vector<int64_t> pads(2 * static_cast<size_t>(x.dim() - 1), 0);
  pads[pads.size() - 2] = (size - 1) / 2;
  pads[pads.size() - 1] = size / 2;
  std::vector<int64_t> shape = x.sizes().vec();
  shape[1] += size - 1;
  require_grown(node, shape, x.numel());
  const at::Tensor sums = at::constant_pad_nd(x * x, pads).unfold(1, size, 1).sum(-1);
  return {x /
          (sums * (node.number("alpha", 1e-4) / static_cast<double>(size)) + node.number("bias", 1))
              .pow(node.number("beta", 0.75))};
}

Tensors run_softmax(const Node& node, const Tensors& inputs, const RunMode&) {
  return {at::softmax(inputs.at(0), node.integer("axis", -1))};
}

Tensors run_log_softmax(const Node& node, const Tensors& inputs, const RunMode&) {
  return {at::log_softmax(inputs.at(0), node.integer("axis", -1))};
}

}  // namespace

std::vector<Operator> normalization() {
  return {{"BatchNormalization", "over axis 1; running statistics unless training",
           run_batch_normalization},
          {"Dropout", "drops in training only; one output", run_dropout},
          {"GroupNormalization", "scale per channel or per group", run_group_normalization},
          {"InstanceNormalization", "", run_instance_normalization},
          {"LRN", "", run_lrn},
          {"LayerNormalization", "scale and bias of the normalized shape", run_layer_normalization},
          {"LogSoftmax", "along one axis", run_log_softmax},
          {"Softmax", "along one axis", run_softmax}};
}

}  // namespace ncprune::operators_files
