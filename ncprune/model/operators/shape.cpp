// Operators that only rearrange: Flatten, Reshape, Identity.
#include <ATen/ops/reshape.h>
#include <fmt/format.h>

#include "ncprune/model/operators.h"

namespace ncprune::operators_files {
namespace {

using Tensors = std::vector<at::Tensor>;

Tensors run_identity(const Node&, const Tensors& inputs, const RunMode&) {
  return {inputs.at(0)};
}

Tensors run_flatten(const Node& node, const Tensors& inputs, const RunMode&) {
  const at::Tensor& x = inputs.at(0);
  int64_t axis = node.integer("axis", 1);
  if (axis < 0) axis += x.dim();
  if (axis < 0 || axis > x.dim()) {
    refuse(node,
           fmt::format("axis {} of a tensor of {} dimensions", node.integer("axis", 1), x.dim()));
  }
  int64_t rows = 1;
  for (int64_t i = 0; i < axis; ++i) rows *= x.size(i);
  return {x.reshape({rows, rows == 0 ? 0 : x.numel() / rows})};
}

Tensors run_reshape(const Node& node, const Tensors& inputs, const RunMode&) {
  const at::Tensor& x = inputs.at(0);
  std::vector<int64_t> shape = integers_in(inputs, 1);
  const bool zero_copies = node.integer("allowzero", 0) == 0;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] != 0 || !zero_copies) continue;
    if (static_cast<int64_t>(i) >= x.dim()) {
      refuse(node, fmt::format("0 at axis {} of a tensor of {} dimensions", i, x.dim()));
    }
    shape[i] = x.size(static_cast<int64_t>(i));
  }
  return {at::reshape(x, shape)};
}

}  // namespace

std::vector<Operator> shape() {
  return {{"Flatten", "any axis", run_flatten},
          {"Identity", "", run_identity},
          {"Reshape", "0 and -1 as in ONNX; the shape is an initializer", run_reshape}};
}

}  // namespace ncprune::operators_files
