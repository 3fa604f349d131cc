// Comparisons, Boolean operators and Where.
#include <ATen/ExpandUtils.h>
#include <ATen/ops/eq.h>
#include <ATen/ops/ge.h>
#include <ATen/ops/gt.h>
#include <ATen/ops/isnan.h>
#include <ATen/ops/le.h>
#include <ATen/ops/logical_and.h>
#include <ATen/ops/logical_not.h>
#include <ATen/ops/logical_or.h>
#include <ATen/ops/logical_xor.h>
#include <ATen/ops/lt.h>
#include <ATen/ops/where.h>

#include "ncprune/model/operators.h"

namespace ncprune::operators_files {
namespace {

using Comparison = at::Tensor (*)(const at::Tensor& a, const at::Tensor& b);

constexpr std::pair<const char*, Comparison> kComparisons[] = {
    {"And", at::logical_and},   {"Equal", at::eq},       {"Greater", at::gt},
    {"GreaterOrEqual", at::ge}, {"Less", at::lt},        {"LessOrEqual", at::le},
    {"Or", at::logical_or},     {"Xor", at::logical_xor}};

Run comparison(Comparison compute) {
  return [compute](const Node& node, const Tensors& inputs, const RunMode&) -> Tensors {
    const at::Tensor& a = inputs.at(0);
    const at::Tensor& b = inputs.at(1);
    require_grown(node, at::infer_size(a.sizes(), b.sizes()), a.numel() + b.numel());
    return {compute(a, b)};
  };
}

Tensors run_not(const Node&, const Tensors& inputs, const RunMode&) {
  return {at::logical_not(inputs.at(0))};
}

Tensors run_is_nan(const Node&, const Tensors& inputs, const RunMode&) {
  return {at::isnan(inputs.at(0))};
}

Tensors run_where(const Node& node, const Tensors& inputs, const RunMode&) {
  const at::Tensor& condition = inputs.at(0);
  const std::vector<int64_t> values = at::infer_size(inputs.at(1).sizes(), inputs.at(2).sizes());
  require_grown(node, at::infer_size(condition.sizes(), values),
                condition.numel() + inputs[1].numel() + inputs[2].numel());
  return {at::where(condition, inputs[1], inputs[2])};
}

}  // namespace

std::vector<Operator> logic() {
  std::vector<Operator> list{
      {"IsNaN", "", run_is_nan}, {"Not", "", run_not}, {"Where", "with broadcasting", run_where}};
  for (const auto& [name, compute] : kComparisons) {
    list.push_back({name, "with broadcasting", comparison(compute)});
  }
  return list;
}

}  // namespace ncprune::operators_files
