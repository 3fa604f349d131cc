// Sums, means and extremes over axes.
#include <ATen/ops/amax.h>
#include <ATen/ops/amin.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/sum.h>
#include <fmt/format.h>

#include <numeric>
#include <set>

#include "ncprune/model/operators.h"

namespace ncprune::operators_files {
namespace {

using Tensors = std::vector<at::Tensor>;
using Axes = std::vector<int64_t>;
using Reduction = at::Tensor (*)(const at::Tensor& x, const Axes& axes, bool keep);

at::Tensor mean(const at::Tensor& x, const Axes& axes, bool keep) {
  // Of integers, too, ONNX wants the mean in their own type.
  return x.is_floating_point() ? x.mean(axes, keep)
                               : x.to(at::kDouble).mean(axes, keep).to(x.scalar_type());
}

at::Tensor sum(const at::Tensor& x, const Axes& axes, bool keep) {
  return x.sum(axes, keep, x.scalar_type());
}

at::Tensor max(const at::Tensor& x, const Axes& axes, bool keep) {
  return x.amax(axes, keep);
}

at::Tensor min(const at::Tensor& x, const Axes& axes, bool keep) {
  return x.amin(axes, keep);
}

std::function<Tensors(const Node&, const Tensors&, const RunMode&)> over_axes(Reduction reduce) {
  return [reduce](const Node& node, const Tensors& inputs, const RunMode&) -> Tensors {
    const at::Tensor& x = inputs.at(0);
    Axes axes = axes_of(node, inputs, x.dim());
    if (axes.empty()) {
      if (node.integer("noop_with_empty_axes", 0) != 0) return {x};
      axes.resize(static_cast<size_t>(x.dim()));
      std::iota(axes.begin(), axes.end(), 0);
    }
    if (axes.empty()) return {x};
    return {reduce(x, axes, node.integer("keepdims", 1) != 0)};
  };
}

}  // namespace

std::vector<Operator> reduction() {
  std::vector<Operator> list;
  for (const auto& [name, reduce] : std::initializer_list<std::pair<const char*, Reduction>>{
           {"ReduceMax", max}, {"ReduceMean", mean}, {"ReduceMin", min}, {"ReduceSum", sum}}) {
    list.push_back({name, "any axes", over_axes(reduce)});
  }
  return list;
}

}  // namespace ncprune::operators_files
