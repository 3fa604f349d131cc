// Weights and values stored as small integers.
#include <fmt/format.h>

#include "ncprune/model/operators.h"

namespace ncprune::operators_files {
namespace {

// `of_axis`, one number or one for every index of `axis`, in a shape that broadcasts with `x`.
at::Tensor along_axis(const Node& node, const at::Tensor& x, const at::Tensor& of_axis) {
  if (of_axis.dim() == 0 || (of_axis.dim() == 1 && of_axis.numel() == 1)) {
    return of_axis.reshape({});
  }
  const int64_t axis = axis_of(node, 1, x.dim());
  if (of_axis.dim() != 1 || of_axis.numel() != x.size(axis)) {
    refuse(node, "its scales or zero points do not fit the input");
  }
  std::vector<int64_t> shape(static_cast<size_t>(x.dim()), 1);
  shape[static_cast<size_t>(axis)] = -1;
  return of_axis.reshape(shape);
}

Tensors run_dequantize(const Node& node, const Tensors& inputs, const RunMode&) {
  if (node.integer("block_size", 0) != 0) refuse(node, "blocks are not supported");
  const at::Tensor& x = inputs.at(0);
  const at::Tensor scale = along_axis(node, x, inputs.at(1));
  at::Tensor values = x.to(scale.scalar_type());
  if (inputs.size() > 2 && inputs[2].defined()) {
    values = values - along_axis(node, x, inputs[2]).to(scale.scalar_type());
  }
  return {values * scale};
}

}  // namespace

std::vector<Operator> quantization() {
  return {{"DequantizeLinear", "one scale, or one for every index of an axis", run_dequantize}};
}

}  // namespace ncprune::operators_files
