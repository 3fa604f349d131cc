#pragma once

#include "ncprune/base/tensor.h"

namespace ncprune {

// The numbers of a picture x [N, C, H, W] can lie in memory with the samples of a batch side by
// side, in the order [H, W, C, N]: sparse_convolution() computes and takes such values, and
// elementwise operators keep the order. LibTorch's other operators would copy them; what follows
// shows them the same memory as a value of another shape.

// Whether the samples lie side by side.
bool has_samples_together(const at::Tensor& x);

// x with its samples side by side; x itself if they are.
at::Tensor with_samples_together(const at::Tensor& x);

// x with the channels of a position side by side, as oneDNN reads them fastest.
at::Tensor with_channels_together(const at::Tensor& x);

// Whether the samples of x lie side by side, although x may be a part of a larger value: a slice
// has gaps between its lines, which has_samples_together() does not allow.
bool is_in_sample_order(const at::Tensor& x);

// A view of x [N, C, H, W] as [H, W, C, N]: LibTorch's operators keep the order of axes, so their
// results and gradients have their samples side by side. samples_first() is the way back.
at::Tensor samples_last(const at::Tensor& x);
at::Tensor samples_first(const at::Tensor& x);

// The axis of samples_last(x) that is axis `axis` of x.
int64_t axis_with_samples_last(int64_t axis);

// A value whose samples lie side by side as [H W, C, N], contiguous: statistics of channels are the
// same over it.
at::Tensor as_planes(const at::Tensor& x);

// The value of `shape` [N, C, H, W] that as_planes() made these of.
at::Tensor from_planes(const at::Tensor& planes, at::IntArrayRef shape);

// A value whose samples lie side by side as one picture [1, C N, H, W] with its channels side by
// side: what works on every plane by itself is the same on it.
at::Tensor as_one_picture(const at::Tensor& x);

// The value [N, C, H, W] of N samples that as_one_picture() would make this picture of.
at::Tensor from_one_picture(const at::Tensor& picture, int64_t samples);

}  // namespace ncprune
