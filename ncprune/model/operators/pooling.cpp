// MaxPool, AveragePool and their global forms, over one to three spatial axes.
#include <ATen/ops/amax.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/avg_pool3d.h>
#include <ATen/ops/convolution.h>
#include <ATen/ops/max_pool2d_with_indices.h>
#include <ATen/ops/max_pool3d_with_indices.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros_like.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "ncprune/model/operators.h"
#include "ncprune/model/sample_order.h"
#include "ncprune/model/windows.h"

namespace ncprune::operators_files {
namespace {

std::vector<int64_t> pooled_shape(const at::Tensor& x, const Windows& windows) {
  std::vector<int64_t> shape{x.size(0), x.size(1)};
  shape.insert(shape.end(), windows.positions.begin(), windows.positions.end());
  return shape;
}

// `x` [N, C, d1, ...] with the padding, and the overhang of the last windows, made part of it; with
// two or three spatial axes, because LibTorch supports all pooling only for those.
struct Padded {
  at::Tensor x;
  Windows windows;
};

Padded pad_for(const Node& node, const at::Tensor& x, Windows windows, double value) {
  for (size_t axis = 0; axis < windows.axes(); ++axis) {
    const int64_t reached =
        (windows.positions[axis] - 1) * windows.strides[axis] + windows.extent(axis);
    const int64_t size = x.size(static_cast<int64_t>(axis) + 2) + windows.pads_begin[axis];
    windows.pads_end[axis] = std::max<int64_t>(0, reached - size);
  }
  at::Tensor padded = pad_windows(node, x, windows, value);
  if (windows.axes() > 1) return {padded, windows};
  for (auto* entries : {&windows.kernel, &windows.strides, &windows.dilations}) {
    entries->insert(entries->begin(), 1);
  }
  return {padded.unsqueeze(2), windows};
}

Windows pooling_windows(const Node& node, const at::Tensor& x) {
  Windows windows = windows_over(node, x.sizes(), {});
  require_grown(node, pooled_shape(x, windows), x.numel());
  return windows;
}

// LibTorch pools only floats and doubles; a float represents every smaller integer exactly.
at::ScalarType pooled_type(const at::Tensor& x) {
  return x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
}

// Converts positions in the padded planes to positions in all of `x`: each plane in row-major order
// or, under storage_order 1, column-major.
at::Tensor onnx_places(const Node& node, at::Tensor places, const at::Tensor& x,
                       const Padded& padded) {
  const bool columns = node.integer("storage_order", 0) != 0;
  const auto axes = padded.x.dim() - 2;
  const auto added = axes - (x.dim() - 2);  // a leading axis of size 1
  at::Tensor place = at::zeros_like(places);
  int64_t plane = 1;
  for (int64_t axis = axes; axis-- > added;) plane *= x.size(axis - added + 2);
  int64_t step = columns ? plane : 1;
  for (int64_t axis = axes; axis-- > added;) {
    const int64_t size = x.size(axis - added + 2);
    if (columns) step /= size;
    const int64_t begin = padded.windows.pads_begin[static_cast<size_t>(axis - added)];
    place += (places.remainder(padded.x.size(axis + 2)) - begin) * step;
    places = places.div(padded.x.size(axis + 2), "floor");
    if (!columns) step *= size;
  }
  std::vector<int64_t> planes(static_cast<size_t>(places.dim()), 1);
  planes[0] = x.size(0);
  planes[1] = x.size(1);
  return place + at::arange(x.size(0) * x.size(1), places.options()).reshape(planes) * plane;
}

Tensors run_max_pool(const Node& node, const Tensors& inputs, const RunMode&) {
  const at::Tensor& x = inputs.at(0);
  const Padded padded = pad_for(node, x.to(pooled_type(x)), pooling_windows(node, x),
                                -std::numeric_limits<double>::infinity());
  const Windows& windows = padded.windows;
  const std::vector<int64_t> none(windows.kernel.size(), 0);
  const auto [values, places] =
      windows.kernel.size() == 2
          ? at::max_pool2d_with_indices(padded.x, windows.kernel, windows.strides, none,
                                        windows.dilations)
          : at::max_pool3d_with_indices(padded.x, windows.kernel, windows.strides, none,
                                        windows.dilations);
  const std::vector<int64_t> shape = pooled_shape(x, windows);
  Tensors results{values.reshape(shape).to(x.scalar_type())};
  if (node.outputs.size() > 1) {
    results.push_back(onnx_places(node, places, x, padded).reshape(shape));
  }
  return results;
}

// The number of taps that each window averages: those on the value, or on the value and its
// padding, but never the overhang.
at::Tensor taps_on(const Windows& windows, const at::Tensor& x, bool with_padding) {
  at::Tensor counts = at::ones({1, 1}, x.options());
  for (size_t axis = 0; axis < windows.axes(); ++axis) {
    const int64_t step = windows.dilations[axis];
    const int64_t begin = with_padding ? 0 : windows.pads_begin[axis];
    const int64_t end = windows.pads_begin[axis] + x.size(static_cast<int64_t>(axis) + 2) +
                        (with_padding ? windows.pads_end[axis] : 0);
    // Taps before `limit` of a window that starts at `start`.
    const auto before = [&](int64_t limit, int64_t start) {
      return std::clamp<int64_t>((limit - start + step - 1) / step, 0, windows.kernel[axis]);
    };
    std::vector<double> on_axis;
    for (int64_t p = 0; p < windows.positions[axis]; ++p) {
      const int64_t start = p * windows.strides[axis];
      on_axis.push_back(static_cast<double>(before(end, start) - before(begin, start)));
    }
    counts = counts.unsqueeze(-1) * at::tensor(on_axis, x.options());
  }
  return counts;
}

// The sum of each window of `padded` [N, C, d1, ...].
at::Tensor window_sums(const Node& node, const Padded& padded) {
  const auto& [x, windows] = padded;
  const std::vector<int64_t> none(windows.kernel.size(), 0);
  if (std::all_of(windows.dilations.begin(), windows.dilations.end(),
                  [](int64_t step) { return step == 1; })) {
    return windows.kernel.size() == 2
               ? at::avg_pool2d(x, windows.kernel, windows.strides, none, false, true, 1)
               : at::avg_pool3d(x, windows.kernel, windows.strides, none, false, true, 1);
  }
  require_grown(node, windows.kernel, x.numel());
  std::vector<int64_t> weight{1, 1};
  weight.insert(weight.end(), windows.kernel.begin(), windows.kernel.end());
  // Every channel of every sample separately.
  return at::convolution(x.flatten(0, 1).unsqueeze(1), at::ones(weight, x.options()), {},
                         windows.strides, none, windows.dilations, false, none, 1);
}

Tensors run_average_pool(const Node& node, const Tensors& inputs, const RunMode&) {
  const at::Tensor& x = inputs.at(0);
  const Windows windows = pooling_windows(node, x);
  const at::Tensor sums = window_sums(node, pad_for(node, x, windows, 0));
  return {sums.reshape(pooled_shape(x, windows)) /
          taps_on(windows, x, node.integer("count_include_pad", 0) != 0)};
}

std::vector<int64_t> spatial_axes(const Node& node, const at::Tensor& x) {
  if (x.dim() < 3) refuse(node, fmt::format("a value of shape [{}]", fmt::join(x.sizes(), ", ")));
  std::vector<int64_t> axes(static_cast<size_t>(x.dim() - 2));
  std::iota(axes.begin(), axes.end(), 2);
  return axes;
}

Tensors run_global_average_pool(const Node& node, const Tensors& inputs, const RunMode&) {
  return {inputs.at(0).mean(spatial_axes(node, inputs.at(0)), /*keepdim=*/true)};
}

Tensors run_global_max_pool(const Node& node, const Tensors& inputs, const RunMode&) {
  return {inputs.at(0).amax(spatial_axes(node, inputs.at(0)), /*keepdim=*/true)};
}

// A pooling operator that takes samples side by side as they are. Only indices depend on the order.
template <Tensors (*kRun)(const Node&, const Tensors&, const RunMode&)>
Tensors in_any_order(const Node& node, const Tensors& inputs, const RunMode& mode) {
  const at::Tensor& x = inputs.at(0);
  if (node.outputs.size() > 1 || !has_samples_together(x)) return kRun(node, inputs, mode);
  return {from_one_picture(kRun(node, {as_one_picture(x)}, mode).front(), x.size(0))};
}

}  // namespace

std::vector<Operator> pooling() {
  return {{"AveragePool", "1 to 3 spatial axes; any pads, ceil_mode, count_include_pad, dilations",
           in_any_order<run_average_pool>},
          {"GlobalAveragePool", "any number of spatial axes", run_global_average_pool},
          {"GlobalMaxPool", "any number of spatial axes", run_global_max_pool},
          {"MaxPool", "1 to 3 spatial axes; any pads, ceil_mode, dilations; optional indices",
           in_any_order<run_max_pool>}};
}

}  // namespace ncprune::operators_files
