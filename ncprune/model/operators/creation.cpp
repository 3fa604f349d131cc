// Values made from a shape or a range, and conversion between element types.
#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "ncprune/model/element_types.h"
#include "ncprune/model/operators.h"

namespace ncprune::operators_files {
namespace {

Tensors run_constant_of_shape(const Node& node, const Tensors& inputs, const RunMode&) {
  const std::vector<int64_t> shape = integers_in(inputs, 0);
  if (std::any_of(shape.begin(), shape.end(), [](int64_t n) { return n < 0; })) {
    refuse(node, fmt::format("a shape of [{}]", fmt::join(shape, ", ")));
  }
  require_grown(node, shape, 0);
  const auto found = node.attributes.find("value");
  if (found == node.attributes.end()) return {at::full(shape, 0, at::kFloat)};
  const auto* value = std::get_if<at::Tensor>(&found->second);
  if (value == nullptr || value->numel() != 1) refuse(node, "its value is not one number");
  return {at::full(shape, value->item(), value->scalar_type())};
}

Tensors run_range(const Node& node, const Tensors& inputs, const RunMode&) {
  const double start = inputs.at(0).item<double>();
  const double limit = inputs.at(1).item<double>();
  const double step = inputs.at(2).item<double>();
  const double count = std::max(0.0, std::ceil((limit - start) / step));
  if (!(count <= 1 << 24)) {
    refuse(node, fmt::format("from {} to {} by {}", start, limit, step));
  }
  const at::Tensor places = at::arange(static_cast<int64_t>(count), at::kLong);
  // Counting first is exact for integers of every size.
  return {inputs[0] + places.to(inputs[2].scalar_type()) * inputs[2]};
}

Tensors run_cast(const Node& node, const Tensors& inputs, const RunMode&) {
  const int64_t type = node.integer("to", 0);
  if (const auto known = torch_type(type)) return {inputs.at(0).to(*known)};
  refuse(node, fmt::format("to element type {}, which is not supported", type));
}

Tensors run_cast_like(const Node&, const Tensors& inputs, const RunMode&) {
  return {inputs.at(0).to(inputs.at(1).scalar_type())};
}

}  // namespace

std::vector<Operator> creation() {
  return {{"Cast", "between numeric and Boolean types", run_cast},
          {"CastLike", "between numeric and Boolean types", run_cast_like},
          {"ConstantOfShape", "", run_constant_of_shape},
          {"Range", "", run_range}};
}

}  // namespace ncprune::operators_files
