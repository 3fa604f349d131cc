#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "ncprune/base/tensor.h"
#include "ncprune/model/sparse_convolution_kernels.h"
#include "ncprune/model/windows.h"

namespace ncprune {

// Where a weight that is not zero leads from and to: channels of the picture and of the result.
struct RemainingWeight {
  int64_t to;
  int64_t from;
  size_t tap;    // in the flat kernel
  size_t place;  // in the flat weight [M, kH, kW, C / groups]
};

struct RemainingWeights {
  std::vector<float> values;
  std::vector<RemainingWeight> places;
  std::vector<int64_t> shape;  // of the whole weight, [M, kH, kW, C / groups]
};

// The elements of `weight` [M, C / groups, kH, kW], float, that are not zero.
RemainingWeights remaining_weights(const at::Tensor& weight, int64_t groups);

// The windows of one direction: forward, or the gradient by the picture.
struct SparseSweep {
  SparseWindows windows;
  int64_t inputs;  // that a window of the dense convolution reads
  // Channels [begin, end) of the result that work on so few weights that these stay in the cache.
  std::vector<std::pair<int32_t, int32_t>> blocks;
};

// The sizes of a convolution of [N, C, H, W] to [N, M, positions...].
struct SparseSizes {
  int64_t samples;         // N
  int64_t channels;        // C
  int64_t height;          // H
  int64_t width;           // W
  int64_t results;         // M
  const Windows& windows;  // over two axes
};

// From the picture to the result.
SparseSweep forward_sweep(const SparseSizes& sizes, const RemainingWeights& weights);

// From the gradient by the result to that by the picture.
SparseSweep backward_sweep(const SparseSizes& sizes, const RemainingWeights& weights);

// Whether both fit in 32-bit offsets and in a few hundred megabytes with so many weights left.
bool is_affordable(const SparseSizes& sizes, int64_t remaining);

}  // namespace ncprune
