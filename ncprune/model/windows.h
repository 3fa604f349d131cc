#pragma once

#include <string>
#include <vector>

#include "ncprune/model/network.h"

namespace ncprune {

// How a window slides over the spatial axes of a value [N, C, d1, ...], as Conv and the pooling
// operators say it: one entry per spatial axis, of which there are one to three.
struct Windows {
  std::vector<int64_t> kernel;      // taps, >= 1
  std::vector<int64_t> strides;     // >= 1
  std::vector<int64_t> dilations;   // steps between taps, >= 1
  std::vector<int64_t> pads_begin;  // >= 0
  std::vector<int64_t> pads_end;    // >= 0
  std::vector<int64_t> positions;   // where the window comes to stand, >= 1

  size_t axes() const { return kernel.size(); }
  // From the first tap to the last, on one axis.
  int64_t extent(size_t axis) const { return (kernel[axis] - 1) * dilations[axis] + 1; }
  // The pads on both sides, from the last axis to the first, as at::constant_pad_nd takes them.
  std::vector<int64_t> pads() const;
};

// The attribute `key`, or `least` on each of `count` spatial axes when absent. Throws InputError,
// naming the node, on another number of entries and on one less than `least` or beyond 2^28.
std::vector<int64_t> per_axis(const Node& node, const std::string& key, size_t count,
                              int64_t least);

// Kernel, strides, dilations and explicit pads as the attributes of `node` say; no positions. The
// kernel is `kernel` (a weight's), or the attribute when that is empty. Throws InputError, naming
// the node, unless they fit one another and stand in their ranges.
Windows windows_of(const Node& node, at::IntArrayRef kernel);

// The same over a value of `shape` [N, C, d1, ...]: auto_pad has become pads, and the positions are
// known. Under ceil_mode the last window may reach beyond the padding, but starts before its end.
// Throws InputError, naming the node, when the ranks differ or no window fits.
Windows windows_over(const Node& node, at::IntArrayRef shape, at::IntArrayRef kernel);

// `x` [N, C, d1, ...] behind pads of `value`. Throws InputError when that would be too large.
at::Tensor pad_windows(const Node& node, const at::Tensor& x, const Windows& windows, double value);

}  // namespace ncprune
