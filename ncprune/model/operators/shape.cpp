// Operators that only rearrange a value or return its shape.
#include <ATen/ExpandUtils.h>
#include <ATen/ops/reshape.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "ncprune/model/operators.h"

namespace ncprune::operators_files {
namespace {

at::Tensor integers(const std::vector<int64_t>& values) {
  return at::tensor(values, at::TensorOptions(at::kLong));
}

Tensors run_identity(const Node&, const Tensors& inputs, const RunMode&) {
  return {inputs.at(0)};
}

Tensors run_shape(const Node& node, const Tensors& inputs, const RunMode&) {
  const std::vector<int64_t> shape = inputs.at(0).sizes().vec();
  const auto rank = static_cast<int64_t>(shape.size());
  const auto place = [&](const char* key, int64_t fallback) {
    const int64_t given = node.integer(key, fallback);
    return std::clamp<int64_t>(given < 0 ? given + rank : given, 0, rank);
  };
  const int64_t start = place("start", 0);
  const int64_t end = std::max(start, place("end", rank));
  return {integers({shape.begin() + start, shape.begin() + end})};
}

Tensors run_size(const Node&, const Tensors& inputs, const RunMode&) {
  return {at::scalar_tensor(inputs.at(0).numel(), at::TensorOptions(at::kLong))};
}

Tensors run_flatten(const Node& node, const Tensors& inputs, const RunMode&) {
  const at::Tensor& x = inputs.at(0);
  int64_t axis = node.integer("axis", 1);
  if (axis < 0) axis += x.dim();
  if (axis < 0 || axis > x.dim()) {
    refuse(node,
           fmt::format("axis {} of a value of {} dimensions", node.integer("axis", 1), x.dim()));
  }
  int64_t rows = 1;
  for (int64_t i = 0; i < axis; ++i) rows *= x.size(i);
  int64_t columns = 1;
  for (int64_t i = axis; i < x.dim(); ++i) columns *= x.size(i);
  return {x.reshape({rows, columns})};
}

Tensors run_reshape(const Node& node, const Tensors& inputs, const RunMode&) {
  const at::Tensor& x = inputs.at(0);
  std::vector<int64_t> shape = integers_in(inputs, 1);
  const bool zero_copies = node.integer("allowzero", 0) == 0;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] != 0 || !zero_copies) continue;
    if (static_cast<int64_t>(i) >= x.dim()) {
      refuse(node, fmt::format("0 at axis {} of a value of {} dimensions", i, x.dim()));
    }
    shape[i] = x.size(static_cast<int64_t>(i));
  }
  return {at::reshape(x, shape)};
}

Tensors run_transpose(const Node& node, const Tensors& inputs, const RunMode&) {
  std::vector<int64_t> reversed(static_cast<size_t>(inputs.at(0).dim()));
  std::iota(reversed.rbegin(), reversed.rend(), 0);
  return {inputs[0].permute(node.integers("perm", reversed))};
}

Tensors run_squeeze(const Node& node, const Tensors& inputs, const RunMode&) {
  at::Tensor x = inputs.at(0);
  std::vector<int64_t> axes = axes_of(node, inputs, x.dim());
  if (axes.empty()) return {x.squeeze()};
  std::sort(axes.rbegin(), axes.rend());
  for (const int64_t axis : axes) {
    if (x.size(axis) != 1) {
      refuse(node, fmt::format("axis {} of [{}] is not 1", axis, fmt::join(x.sizes(), ", ")));
    }
    x = x.squeeze(axis);
  }
  return {x};
}

Tensors run_unsqueeze(const Node& node, const Tensors& inputs, const RunMode&) {
  at::Tensor x = inputs.at(0);
  const auto added = integers_in(inputs, 1, node.integers("axes", {})).size();
  std::vector<int64_t> axes = axes_of(node, inputs, x.dim() + static_cast<int64_t>(added));
  std::sort(axes.begin(), axes.end());
  for (const int64_t axis : axes) x = x.unsqueeze(axis);
  return {x};
}

Tensors run_expand(const Node& node, const Tensors& inputs, const RunMode&) {
  const at::Tensor& x = inputs.at(0);
  const std::vector<int64_t> wanted = integers_in(inputs, 1);
  if (std::any_of(wanted.begin(), wanted.end(), [](int64_t n) { return n < 0; })) {
    refuse(node, fmt::format("to a shape of [{}]", fmt::join(wanted, ", ")));
  }
  const std::vector<int64_t> shape = at::infer_size(x.sizes(), wanted);
  require_grown(node, shape, x.numel());
  return {x.expand(shape)};
}

int64_t block_size(const Node& node, const at::Tensor& x) {
  const int64_t block = node.integer("blocksize", 0);
  if (x.dim() == 4 && block > 0 && block <= 1 << 15) return block;
  refuse(node, fmt::format("blocks of {} in a value of [{}]", block, fmt::join(x.sizes(), ", ")));
}

Tensors run_depth_to_space(const Node& node, const Tensors& inputs, const RunMode&) {
  const at::Tensor& x = inputs.at(0);
  const int64_t b = block_size(node, x);
  const int64_t channels = x.size(1) / (b * b);
  const bool depth_first = node.text("mode", "DCR") == "DCR";
  const at::Tensor blocks =
      depth_first
          ? x.reshape({x.size(0), b, b, channels, x.size(2), x.size(3)}).permute({0, 3, 4, 1, 5, 2})
          : x.reshape({x.size(0), channels, b, b, x.size(2), x.size(3)})
                .permute({0, 1, 4, 2, 5, 3});
  return {blocks.reshape({x.size(0), channels, x.size(2) * b, x.size(3) * b})};
}

Tensors run_space_to_depth(const Node& node, const Tensors& inputs, const RunMode&) {
  const at::Tensor& x = inputs.at(0);
  const int64_t b = block_size(node, x);
  const int64_t rows = x.size(2) / b;
  const int64_t columns = x.size(3) / b;
  return {x.reshape({x.size(0), x.size(1), rows, b, columns, b})
              .permute({0, 3, 5, 1, 2, 4})
              .reshape({x.size(0), x.size(1) * b * b, rows, columns})};
}

}  // namespace

std::vector<Operator> shape() {
  return {{"DepthToSpace", "DCR and CRD", run_depth_to_space},
          {"Expand", "", run_expand},
          {"Flatten", "any axis", run_flatten},
          {"Identity", "", run_identity},
          {"Reshape", "0 and -1 as in ONNX", run_reshape},
          {"Shape", "", run_shape},
          {"Size", "", run_size},
          {"SpaceToDepth", "", run_space_to_depth},
          {"Squeeze", "", run_squeeze},
          {"Transpose", "", run_transpose},
          {"Unsqueeze", "", run_unsqueeze}};
}

}  // namespace ncprune::operators_files
