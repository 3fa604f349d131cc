// Resize: along every axis an element is a weighted sum of a few elements.
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ncprune/model/operators.h"

namespace ncprune::operators_files {
namespace {

// The resizing of one axis from `in` to `out` elements.
struct Scaling {
  int64_t in;
  int64_t out;
  double scale;          // as given, or out / in
  double roi_begin = 0;  // the region of tf_crop_and_resize, in [0, 1]
  double roi_end = 1;
};

// The position of element `i` of the result on the input axis.
double origin(const Node& node, const std::string& mode, const Scaling& s, int64_t i) {
  const auto x = static_cast<double>(i);
  const auto last = static_cast<double>(s.in - 1);
  const double length = s.scale * static_cast<double>(s.in);
  if (mode == "half_pixel") return (x + 0.5) / s.scale - 0.5;
  if (mode == "pytorch_half_pixel") return s.out > 1 ? (x + 0.5) / s.scale - 0.5 : -0.5;
  if (mode == "align_corners") return length == 1 ? 0 : x * last / (length - 1);
  if (mode == "asymmetric") return x / s.scale;
  if (mode == "tf_half_pixel_for_nn") return (x + 0.5) / s.scale;
  if (mode == "tf_crop_and_resize") {
    return s.out > 1 ? s.roi_begin * last +
                           x * (s.roi_end - s.roi_begin) * last / static_cast<double>(s.out - 1)
                     : 0.5 * (s.roi_begin + s.roi_end) * last;
  }
  refuse(node, fmt::format("coordinate_transformation_mode '{}' is not supported", mode));
}

double nearest(const Node& node, double x) {
  const std::string mode = node.text("nearest_mode", "round_prefer_floor");
  if (mode == "round_prefer_floor") return std::ceil(x - 0.5);
  if (mode == "round_prefer_ceil") return std::floor(x + 0.5);
  if (mode == "floor") return std::floor(x);
  if (mode == "ceil") return std::ceil(x);
  refuse(node, fmt::format("nearest_mode '{}' is not supported", mode));
}

// Weights of the elements floor(x) - 1 .. floor(x) + 2 (Keys, 1981), r = x - floor(x).
std::vector<double> cubic(double a, double r) {
  const auto near = [a](double d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
  const auto far = [a](double d) { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; };
  return {far(r + 1), near(r), near(1 - r), far(2 - r)};
}

// For each element of the result: the input elements and their weights.
struct Taps {
  std::vector<std::vector<int64_t>> places;  // [taps][out]
  std::vector<std::vector<double>> weights;  // [taps][out]
  std::vector<bool> outside;                 // [out]: use extrapolation_value
};

Taps taps_of(const Node& node, const Scaling& s) {
  const std::string mode = node.text("mode", "nearest");
  const std::string coordinates = node.text("coordinate_transformation_mode", "half_pixel");
  const bool drop = node.integer("exclude_outside", 0) != 0;
  const size_t count = mode == "cubic" ? 4 : mode == "linear" ? 2 : 1;
  if (count == 1 && mode != "nearest") refuse(node, fmt::format("mode '{}'", mode));
  Taps taps{std::vector<std::vector<int64_t>>(count), std::vector<std::vector<double>>(count), {}};
  for (int64_t i = 0; i < s.out; ++i) {
    const double x = origin(node, coordinates, s, i);
    if (!std::isfinite(x)) refuse(node, "its scales or region are not finite");
    const double first = mode == "nearest" ? nearest(node, x) : std::floor(x);
    const double r = x - first;
    std::vector<double> weights{1};
    if (mode == "linear") weights = {1 - r, r};
    if (mode == "cubic") weights = cubic(node.number("cubic_coeff_a", -0.75), r);
    std::vector<double> places;
    for (size_t tap = 0; tap < count; ++tap) {
      places.push_back(first + static_cast<double>(tap) - (count == 4 ? 1 : 0));
      if (drop && count == 4 && (places[tap] < 0 || places[tap] >= static_cast<double>(s.in))) {
        weights[tap] = 0;
      }
    }
    const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    for (size_t tap = 0; tap < count; ++tap) {
      const double last = static_cast<double>(s.in - 1);
      taps.places[tap].push_back(static_cast<int64_t>(std::clamp(places[tap], 0.0, last)));
      taps.weights[tap].push_back(weights[tap] / sum);
    }
    taps.outside.push_back(coordinates == "tf_crop_and_resize" &&
                           (x < 0 || x > static_cast<double>(s.in - 1)));
  }
  return taps;
}

at::Tensor along(const at::Tensor& x, int64_t axis, std::vector<double> numbers) {
  std::vector<int64_t> shape(static_cast<size_t>(x.dim()), 1);
  shape[static_cast<size_t>(axis)] = static_cast<int64_t>(numbers.size());
  return at::tensor(numbers, at::TensorOptions(at::kDouble)).to(x.device()).reshape(shape);
}

at::Tensor resized(const Node& node, const at::Tensor& x, int64_t axis, const Scaling& scaling) {
  const Taps taps = taps_of(node, scaling);
  at::Tensor sum;
  for (size_t tap = 0; tap < taps.places.size(); ++tap) {
    const at::Tensor places =
        at::tensor(taps.places[tap], at::TensorOptions(at::kLong)).to(x.device());
    at::Tensor part = x.index_select(axis, places.to(x.device()));
    if (taps.places.size() > 1) part = part * along(x, axis, taps.weights[tap]).to(x.scalar_type());
    sum = sum.defined() ? sum + part : part;
  }
  if (std::find(taps.outside.begin(), taps.outside.end(), true) == taps.outside.end()) return sum;
  const at::Tensor outside = along(x, axis, {taps.outside.begin(), taps.outside.end()}).gt(0);
  return sum.masked_fill(outside, node.number("extrapolation_value", 0));
}

std::vector<double> numbers_in(const Tensors& inputs, size_t index) {
  if (index >= inputs.size() || !inputs[index].defined()) return {};
  const at::Tensor values = inputs[index].to(at::kCPU, at::kDouble).contiguous();
  const auto view = elements<double>(values);
  return {view.begin(), view.end()};
}

// One scaling for every axis of the input.
std::vector<Scaling> scalings_of(const Node& node, const Tensors& inputs) {
  const at::Tensor& x = inputs.at(0);
  const std::vector<double> roi = numbers_in(inputs, 1);
  const std::vector<double> scales = numbers_in(inputs, 2);
  const std::vector<int64_t> sizes = integers_in(inputs, 3);
  std::vector<int64_t> axes(static_cast<size_t>(x.dim()));
  std::iota(axes.begin(), axes.end(), 0);
  axes = node.integers("axes", axes);
  if (scales.size() + sizes.size() != axes.size() ||
      (!roi.empty() && roi.size() != 2 * axes.size())) {
    refuse(node, fmt::format("{} scales and {} sizes for {} axes", scales.size(), sizes.size(),
                             axes.size()));
  }
  std::vector<Scaling> scalings;
  for (const int64_t size : x.sizes()) scalings.push_back({size, size, 1});
  for (size_t i = 0; i < axes.size(); ++i) {
    const int64_t axis = axes[i] < 0 ? axes[i] + x.dim() : axes[i];
    if (axis < 0 || axis >= x.dim()) refuse(node, fmt::format("axis {}", axes[i]));
    Scaling& scaling = scalings[static_cast<size_t>(axis)];
    const auto in = static_cast<double>(scaling.in);
    const double out = scales.empty() ? static_cast<double>(sizes[i]) : std::floor(in * scales[i]);
    constexpr double kLargest = 1 << 20;
    if (!(out >= 0 && out <= kLargest) || (scaling.in == 0 && out > 0)) {
      refuse(node, fmt::format("from {} to {} elements of axis {}", scaling.in, out, axis));
    }
    scaling.out = static_cast<int64_t>(out);
    scaling.scale = scales.empty() ? out / in : scales[i];
    if (!roi.empty()) {
      scaling.roi_begin = roi[i];
      scaling.roi_end = roi[i + axes.size()];
    }
  }
  return scalings;
}

Tensors run_resize(const Node& node, const Tensors& inputs, const RunMode&) {
  if (node.integer("antialias", 0) != 0 ||
      node.text("keep_aspect_ratio_policy", "stretch") != "stretch") {
    refuse(node, "antialias and keep_aspect_ratio_policy are not supported");
  }
  at::Tensor x = inputs.at(0);
  const std::vector<Scaling> scalings = scalings_of(node, inputs);
  std::vector<int64_t> shape;
  shape.reserve(scalings.size());
  for (const Scaling& scaling : scalings) shape.push_back(scaling.out);
  require_grown(node, shape, x.numel());
  const bool crops = node.text("coordinate_transformation_mode", "") == "tf_crop_and_resize";
  for (size_t axis = 0; axis < scalings.size(); ++axis) {
    if (scalings[axis].scale == 1 && !crops) continue;
    x = resized(node, x, static_cast<int64_t>(axis), scalings[axis]);
  }
  return {x};
}

}  // namespace

std::vector<Operator> resize() {
  return {{"Resize", "nearest, linear, cubic; no antialias", run_resize}};
}

}  // namespace ncprune::operators_files
