// BatchNormalization, Dropout and the closing Softmax.
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/softmax.h>
#include <fmt/format.h>

#include "ncprune/model/operators.h"

namespace ncprune::operators_files {
namespace {

using Tensors = std::vector<at::Tensor>;

Tensors run_batch_normalization(const Node& node, const Tensors& inputs, const RunMode& mode) {
  const at::Tensor& x = inputs.at(0);
  if (mode.training && x.dim() >= 2 && x.numel() == x.size(1)) {
    refuse(node, "one value per channel has no variance to train on; use a larger batch");
  }
  // ONNX's momentum is the share of the old statistics, LibTorch's that of the new ones.
  return {at::batch_norm(x, inputs.at(1), inputs.at(2), inputs.at(3), inputs.at(4), mode.training,
                         1 - node.number("momentum", 0.9), node.number("epsilon", 1e-5), false)};
}

Tensors run_dropout(const Node& node, const Tensors& inputs, const RunMode& mode) {
  const at::Tensor& x = inputs.at(0);
  if (!mode.training) return {x};
  // Up to opset 11 the ratio was an attribute, since then it is an optional input.
  const bool has_input = inputs.size() > 1 && inputs[1].defined();
  const double ratio = has_input ? inputs[1].item<double>() : node.number("ratio", 0.5);
  if (ratio < 0 || ratio >= 1) refuse(node, fmt::format("ratio {} outside [0, 1)", ratio));
  return {x * at::empty_like(x).bernoulli_(1 - ratio, mode.random->generator()) / (1 - ratio)};
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
          {"LogSoftmax", "along one axis", run_log_softmax},
          {"Softmax", "along one axis", run_softmax}};
}

}  // namespace ncprune::operators_files
