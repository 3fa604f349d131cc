#include "ncprune/model/windows.h"

#include <ATen/ops/constant_pad_nd.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "ncprune/model/operators.h"

namespace ncprune {
namespace {

constexpr size_t kMaxAxes = 3;
// Products of two of these, and sums of a few such products, stay far from overflow.
constexpr int64_t kLargest = int64_t{1} << 28;

// The padding with which the windows cover the axis at ceil(size / stride) positions.
void pad_same(Windows& windows, size_t axis, int64_t size, bool more_at_end) {
  const int64_t stride = windows.strides[axis];
  const int64_t positions = (size + stride - 1) / stride;
  const int64_t total =
      std::max<int64_t>(0, (positions - 1) * stride + windows.extent(axis) - size);
  const int64_t less = total / 2;
  windows.pads_begin[axis] = more_at_end ? less : total - less;
  windows.pads_end[axis] = more_at_end ? total - less : less;
}

int64_t positions_of(const Windows& windows, size_t axis, int64_t size, bool ceil) {
  const int64_t stride = windows.strides[axis];
  const int64_t room =
      size + windows.pads_begin[axis] + windows.pads_end[axis] - windows.extent(axis);
  if (room < 0) return 0;
  const int64_t positions = (room + (ceil ? stride - 1 : 0)) / stride + 1;
  const bool starts_outside = (positions - 1) * stride >= size + windows.pads_begin[axis];
  return ceil && starts_outside ? positions - 1 : positions;
}

}  // namespace

std::vector<int64_t> per_axis(const Node& node, const std::string& key, size_t count,
                              int64_t least) {
  std::vector<int64_t> values = node.integers(key, std::vector<int64_t>(count, least));
  if (values.size() != count) {
    refuse(node, fmt::format("attribute {} has {} entries; wanted {}", key, values.size(), count));
  }
  for (const int64_t value : values) {
    if (value < least || value > kLargest) {
      refuse(node, fmt::format("attribute {} = [{}]", key, fmt::join(values, ", ")));
    }
  }
  return values;
}

std::vector<int64_t> Windows::pads() const {
  std::vector<int64_t> pads;
  for (size_t axis = axes(); axis-- > 0;) {
    pads.insert(pads.end(), {pads_begin[axis], pads_end[axis]});
  }
  return pads;
}

Windows windows_of(const Node& node, at::IntArrayRef kernel) {
  Windows windows;
  windows.kernel = kernel.empty() ? node.integers("kernel_shape", {}) : kernel.vec();
  const size_t axes = windows.kernel.size();
  if (axes < 1 || axes > kMaxAxes) {
    refuse(node, fmt::format("{} spatial axes; one to {} are supported", axes, kMaxAxes));
  }
  if (node.integers("kernel_shape", windows.kernel) != windows.kernel) {
    refuse(node, fmt::format("attribute kernel_shape = [{}], but the weight's is [{}]",
                             fmt::join(node.integers("kernel_shape", {}), ", "),
                             fmt::join(windows.kernel, ", ")));
  }
  for (const int64_t taps : windows.kernel) {
    if (taps < 1 || taps > kLargest) {
      refuse(node, fmt::format("a kernel of [{}]", fmt::join(windows.kernel, ", ")));
    }
  }
  windows.strides = per_axis(node, "strides", axes, 1);
  windows.dilations = per_axis(node, "dilations", axes, 1);
  const std::vector<int64_t> pads = per_axis(node, "pads", 2 * axes, 0);
  const auto middle = pads.begin() + static_cast<std::ptrdiff_t>(axes);
  windows.pads_begin.assign(pads.begin(), middle);
  windows.pads_end.assign(middle, pads.end());
  return windows;
}

Windows windows_over(const Node& node, at::IntArrayRef shape, at::IntArrayRef kernel) {
  Windows windows = windows_of(node, kernel);
  if (shape.size() != windows.axes() + 2) {
    refuse(node, fmt::format("a window of {} axes over a value of shape [{}]", windows.axes(),
                             fmt::join(shape, ", ")));
  }
  const std::string auto_pad = node.text("auto_pad", "NOTSET");
  const bool same = auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER";
  if (!same && auto_pad != "NOTSET" && auto_pad != "VALID") {
    refuse(node, "attribute auto_pad has no value that ONNX defines");
  }
  const bool ceil = node.integer("ceil_mode", 0) != 0;
  for (size_t axis = 0; axis < windows.axes(); ++axis) {
    const int64_t size = shape[axis + 2];
    if (auto_pad == "VALID") windows.pads_begin[axis] = windows.pads_end[axis] = 0;
    if (same) pad_same(windows, axis, size, auto_pad == "SAME_UPPER");
    windows.positions.push_back(positions_of(windows, axis, size, ceil));
    if (windows.positions.back() > 0) continue;
    refuse(node, fmt::format("its window is larger than the padded value of shape [{}]",
                             fmt::join(shape, ", ")));
  }
  return windows;
}

at::Tensor pad_windows(const Node& node, const at::Tensor& x, const Windows& windows,
                       double value) {
  std::vector<int64_t> shape = x.sizes().vec();
  for (size_t axis = 0; axis < windows.axes(); ++axis) {
    shape[axis + 2] += windows.pads_begin[axis] + windows.pads_end[axis];
  }
  if (shape == x.sizes()) return x;
  require_grown(node, shape, x.numel());
  return at::constant_pad_nd(x, windows.pads(), value);
}

}  // namespace ncprune
