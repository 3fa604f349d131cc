#pragma once

#include <string>
#include <vector>

#include "ncprune/model/network.h"

namespace ncprune {

// How a window slides over the spatial axes of a value [N, C, d1, ...] in Conv and the pooling
// operators: one entry for each of the one to three spatial axes.
struct Windows {
  std::vector<int64_t> kernel;      // taps, >= 1
  std::vector<int64_t> strides;     // >= 1
  std::vector<int64_t> dilations;   // steps between taps, >= 1
  std::vector<int64_t> pads_begin;  // >= 0
  std::vector<int64_t> pads_end;    // >= 0
  std::vector<int64_t> positions;   // number of positions of the window, >= 1

  size_t axes() const { return kernel.size(); }
  // The distance from the first to the last tap on one axis, both included.
  int64_t extent(size_t axis) const { return (kernel[axis] - 1) * dilations[axis] + 1; }
  // The pads on both sides, from the last axis to the first, as at::constant_pad_nd takes them.
  std::vector<int64_t> pads() const;
};

// The attribute `key`, or `least` for each of `count` spatial axes when absent. Throws InputError,
// naming the node, on another number of entries and on an entry below `least` or beyond 2^28.
std::vector<int64_t> per_axis(const Node& node, const std::string& key, size_t count,
                              int64_t least);

// Kernel, strides, dilations and explicit pads from the attributes of `node`; no positions. The
// kernel is `kernel` (that of a weight), or the attribute when that is empty. Throws InputError,
// naming the node, when they are out of range or do not fit together.
Windows windows_of(const Node& node, at::IntArrayRef kernel);

// The windows over a value of `shape` [N, C, d1, ...], with auto_pad resolved to pads and the
// positions set. Under ceil_mode the last window may reach beyond the padding, but must start
// before its end. Throws InputError, naming the node, when the ranks differ or no window fits.
Windows windows_over(const Node& node, at::IntArrayRef shape, at::IntArrayRef kernel);

// `x` [N, C, d1, ...] padded with `value`. Throws InputError when the result would be too large.
at::Tensor pad_windows(const Node& node, const at::Tensor& x, const Windows& windows, double value);

}  // namespace ncprune
