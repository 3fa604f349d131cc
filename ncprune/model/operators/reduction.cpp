// Sums, means and extremes over axes.
#include <ATen/ops/amax.h>
#include <ATen/ops/amin.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/prod.h>
#include <ATen/ops/sum.h>

#include <algorithm>
#include <numeric>

#include "ncprune/model/operators.h"

namespace ncprune::operators_files {
namespace {

using Axes = std::vector<int64_t>;
using Reduction = at::Tensor (*)(const at::Tensor& x, const Axes& axes, bool keep);

at::Tensor mean(const at::Tensor& x, const Axes& axes, bool keep) {
  // ONNX defines the mean of integers in their type.
  return x.is_floating_point() ? x.mean(axes, keep)
                               : x.to(at::kDouble).mean(axes, keep).to(x.scalar_type());
}

at::Tensor sum(const at::Tensor& x, const Axes& axes, bool keep) {
  return x.sum(axes, keep, x.scalar_type());
}

constexpr std::pair<const char*, Reduction> kReductions[] = {
    {"ReduceL1",
     [](const at::Tensor& x, const Axes& axes, bool keep) { return sum(x.abs(), axes, keep); }},
    {"ReduceL2", [](const at::Tensor& x, const Axes& axes,
                    bool keep) { return sum(x * x, axes, keep).sqrt().to(x.scalar_type()); }},
    {"ReduceLogSum",
     [](const at::Tensor& x, const Axes& axes, bool keep) { return sum(x, axes, keep).log(); }},
    {"ReduceLogSumExp",
     [](const at::Tensor& x, const Axes& axes, bool keep) { return x.logsumexp(axes, keep); }},
    {"ReduceMax",
     [](const at::Tensor& x, const Axes& axes, bool keep) { return x.amax(axes, keep); }},
    {"ReduceMean", mean},
    {"ReduceMin",
     [](const at::Tensor& x, const Axes& axes, bool keep) { return x.amin(axes, keep); }},
    {"ReduceProd",
     [](const at::Tensor& x, const Axes& axes, bool keep) {
       at::Tensor product = x;
       for (const int64_t axis : axes) product = product.prod(axis, true, x.scalar_type());
       if (keep) return product;
       Axes shape;
       for (int64_t axis = 0; axis < x.dim(); ++axis) {
         if (std::find(axes.begin(), axes.end(), axis) == axes.end()) shape.push_back(x.size(axis));
       }
       return product.reshape(shape);
     }},
    {"ReduceSum", sum},
    {"ReduceSumSquare",
     [](const at::Tensor& x, const Axes& axes, bool keep) { return sum(x * x, axes, keep); }}};

Run over_axes(Reduction reduce) {
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
  for (const auto& [name, reduce] : kReductions) {
    list.push_back({name, "any axes", over_axes(reduce)});
  }
  return list;
}

}  // namespace ncprune::operators_files
