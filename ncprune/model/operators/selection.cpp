// Operators that select parts of values or join values.
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/gather.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/tril.h>
#include <ATen/ops/triu.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "ncprune/model/operators.h"
#include "ncprune/model/sample_order.h"

namespace ncprune::operators_files {
namespace {

Tensors run_concat(const Node& node, const Tensors& inputs, const RunMode&) {
  return {at::cat(inputs, axis_of(node, 0, inputs.at(0).dim()))};
}

Tensors run_split(const Node& node, const Tensors& inputs, const RunMode&) {
  const at::Tensor& x = inputs.at(0);
  const int64_t axis = axis_of(node, 0, x.dim());
  std::vector<int64_t> sizes = integers_in(inputs, 1);
  if (sizes.empty()) {
    // The last part may be smaller, as opset 18 has it.
    const auto parts = static_cast<int64_t>(node.outputs.size());
    const int64_t size = (x.size(axis) + parts - 1) / parts;
    for (int64_t part = 0; part < parts; ++part) {
      sizes.push_back(std::clamp<int64_t>(x.size(axis) - part * size, 0, size));
    }
  }
  if (sizes.size() != node.outputs.size()) {
    refuse(node, fmt::format("{} sizes for {} outputs", sizes.size(), node.outputs.size()));
  }
  return x.split_with_sizes(sizes, axis);
}

// Part of one axis, from `start` to before `end` by `step`, as ONNX counts them.
at::Tensor sliced(const at::Tensor& x, int64_t axis, const std::array<int64_t, 3>& range) {
  const int64_t size = x.size(axis);
  const auto place = [&](int64_t given, int64_t low, int64_t high) {
    return std::clamp(given < 0 ? given + size : given, low, high);
  };
  const int64_t step = std::clamp(range[2], -size - 1, size + 1);
  if (step > 0) {
    const int64_t begin = place(range[0], 0, size);
    return x.slice(axis, begin, std::max(begin, place(range[1], 0, size)), step);
  }
  if (size == 0) return x;
  const int64_t begin = place(range[0], 0, size - 1);
  const int64_t end = std::min(begin, place(range[1], -1, size - 1));
  return x.slice(axis, end + 1, begin + 1)
      .flip({axis})
      .slice(axis, 0, std::numeric_limits<int64_t>::max(), -step);
}

Tensors run_slice(const Node& node, const Tensors& inputs, const RunMode&) {
  at::Tensor x = inputs.at(0);
  const std::vector<int64_t> starts = integers_in(inputs, 1);
  const std::vector<int64_t> ends = integers_in(inputs, 2);
  std::vector<int64_t> axes(starts.size());
  std::iota(axes.begin(), axes.end(), 0);
  axes = integers_in(inputs, 3, axes);
  const std::vector<int64_t> steps = integers_in(inputs, 4, std::vector<int64_t>(starts.size(), 1));
  if (ends.size() != starts.size() || axes.size() != starts.size() ||
      steps.size() != starts.size()) {
    refuse(node, "its starts, ends, axes and steps differ in number");
  }
  const bool turned = is_in_sample_order(x);
  if (turned) x = samples_last(x);
  for (size_t i = 0; i < starts.size(); ++i) {
    if (axes[i] < -x.dim() || axes[i] >= x.dim() || steps[i] == 0) {
      refuse(node, fmt::format("axis {} of a value of {} dimensions by steps of {}", axes[i],
                               x.dim(), steps[i]));
    }
    const int64_t axis = axes[i] < 0 ? axes[i] + x.dim() : axes[i];
    x = sliced(x, turned ? axis_with_samples_last(axis) : axis, {starts[i], ends[i], steps[i]});
  }
  return {turned ? samples_first(x) : x};
}

// Negative indices count from the end; LibTorch rejects indices out of range.
at::Tensor from_the_front(const at::Tensor& indices, int64_t size, const at::Tensor& x) {
  const at::Tensor all = indices.to(x.device(), at::kLong);
  return at::where(all < 0, all + size, all);
}

Tensors run_gather(const Node& node, const Tensors& inputs, const RunMode&) {
  const at::Tensor& x = inputs.at(0);
  const at::Tensor& indices = inputs.at(1);
  const int64_t axis = axis_of(node, 0, x.dim());
  std::vector<int64_t> shape = x.sizes().vec();
  shape.erase(shape.begin() + axis);
  shape.insert(shape.begin() + axis, indices.sizes().begin(), indices.sizes().end());
  require_affordable(node, shape);
  return {x.index_select(axis, from_the_front(indices, x.size(axis), x).flatten()).reshape(shape)};
}

Tensors run_gather_elements(const Node& node, const Tensors& inputs, const RunMode&) {
  const at::Tensor& x = inputs.at(0);
  const int64_t axis = axis_of(node, 0, x.dim());
  return {at::gather(x, axis, from_the_front(inputs.at(1), x.size(axis), x))};
}

// Element updates[i] is written to x[indices[i]]; later ones win.
Tensors run_scatter_nd(const Node& node, const Tensors& inputs, const RunMode&) {
  const at::Tensor& x = inputs.at(0);
  const at::Tensor& indices = inputs.at(1);
  const int64_t depth = indices.dim() > 0 ? indices.size(-1) : 0;
  if (depth < 1 || depth > x.dim()) {
    refuse(node, fmt::format("indices of shape [{}] into [{}]", fmt::join(indices.sizes(), ", "),
                             fmt::join(x.sizes(), ", ")));
  }
  at::Tensor places = at::zeros({indices.numel() / depth}, indices.options().dtype(at::kLong));
  for (int64_t k = 0; k < depth; ++k) {
    const at::Tensor index = from_the_front(indices.select(-1, k).flatten(), x.size(k), indices);
    if (index.numel() > 0 &&
        (index.min().item<int64_t>() < 0 || index.max().item<int64_t>() >= x.size(k))) {
      refuse(node, fmt::format("an index beyond axis {} of [{}]", k, fmt::join(x.sizes(), ", ")));
    }
    places = places * x.size(k) + index;
  }
  places = places.to(x.device());
  const std::vector<int64_t> rest = x.sizes().slice(static_cast<size_t>(depth)).vec();
  std::vector<int64_t> flat{c10::multiply_integers(x.sizes().slice(0, static_cast<size_t>(depth)))};
  flat.insert(flat.end(), rest.begin(), rest.end());
  std::vector<int64_t> rows = flat;
  rows.front() = places.numel();
  const at::Tensor target = x.reshape(flat);
  const at::Tensor updates = inputs.at(2).reshape(rows);
  const std::string reduction = node.text("reduction", "none");
  at::Tensor result;
  if (reduction == "none") {
    result = target.index_copy(0, places, updates);
  } else if (reduction == "add") {
    result = target.index_add(0, places, updates);
  } else if (reduction == "mul") {
    result = target.index_reduce(0, places, updates, "prod");
  } else {
    refuse(node, fmt::format("reduction '{}' is not supported", reduction));
  }
  return {result.reshape(x.sizes())};
}

Tensors run_tile(const Node& node, const Tensors& inputs, const RunMode&) {
  const at::Tensor& x = inputs.at(0);
  const std::vector<int64_t> repeats = integers_in(inputs, 1);
  std::vector<int64_t> shape = x.sizes().vec();
  if (repeats.size() != shape.size()) {
    refuse(node, fmt::format("{} repeats of {} axes", repeats.size(), shape.size()));
  }
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    if (repeats[axis] < 0 || __builtin_mul_overflow(shape[axis], repeats[axis], &shape[axis])) {
      refuse(node, fmt::format("repeats of [{}]", fmt::join(repeats, ", ")));
    }
  }
  require_grown(node, shape, x.numel());
  return {x.repeat(repeats)};
}

Tensors run_trilu(const Node& node, const Tensors& inputs, const RunMode&) {
  const at::Tensor& x = inputs.at(0);
  if (x.dim() < 2) refuse(node, fmt::format("a value of {} dimensions", x.dim()));
  const std::vector<int64_t> given = integers_in(inputs, 1, {0});
  if (given.size() != 1) refuse(node, "its second input is not one number");
  // Larger values change nothing.
  const int64_t k = std::clamp(given.front(), -x.size(-2) - 1, x.size(-1) + 1);
  return {node.integer("upper", 1) != 0 ? at::triu(x, k) : at::tril(x, k)};
}

}  // namespace

std::vector<Operator> selection() {
  return {{"Concat", "any axis", run_concat},
          {"Gather", "any axis", run_gather},
          {"GatherElements", "", run_gather_elements},
          {"ScatterND", "reduction none, add, mul", run_scatter_nd},
          {"Slice", "any steps", run_slice},
          {"Split", "equal parts or given sizes", run_split},
          {"Tile", "", run_tile},
          {"Trilu", "", run_trilu}};
}

}  // namespace ncprune::operators_files
