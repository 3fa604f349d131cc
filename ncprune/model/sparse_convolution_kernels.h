#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ncprune {

// Values of a batch are stored as lines here: the N numbers of one channel at one position lie side
// by side, so that a weight meets whole vectors of samples whatever its place in the window.

// A weight that is not zero, as the windows of its output channel meet it.
struct Tap {
  int32_t offset;  // floats from the line of the window's first tap to the line it multiplies
  int32_t weight;  // index of its weight among those that are not zero
};

// The taps of every output channel that meet the picture and not its padding.
struct TapLists {
  std::vector<int32_t> begins;  // by output channel, and the end of the last
  std::vector<Tap> taps;
};

// Windows that meet the same taps, at even distances.
struct WindowRun {
  int64_t in;        // floats from the picture to the line of the first window's first tap
  int64_t out;       // floats from the result to the line of its first channel
  int64_t count;     // windows
  int64_t in_step;   // floats from a window to the next, in the picture
  int64_t out_step;  // and in the result
  size_t lists;      // index of their TapLists
};

// A convolution of a picture [positions, C, N] to a result [positions, M, N], or the gradient by
// its picture: the taps then lead from the gradient by the result to the channels of the picture.
struct SparseWindows {
  std::vector<TapLists> lists;
  std::vector<WindowRun> runs;
};

constexpr int64_t kLaneGroup = 16;
constexpr int64_t kMostLanes = 4 * kLaneGroup;

// The samples [lane, lane + lanes) of a batch, and the output channels [begin, end).
struct SparsePart {
  int64_t lane;
  int64_t lanes;  // kLaneGroup or twice or four times as many
  int32_t begin;
  int32_t end;
};

struct SparseInputs {
  const float* weights;  // those that are not zero
  const float* in;       // the picture
  int64_t batch;         // N, a multiple of kLaneGroup: floats of a line
};

struct SparseOutput {
  const float* bias;     // [M]
  const float* summand;  // added to the result, which it is as large as; or null
  bool rectified;        // negative results become 0
  float* out;            // the result
};

// The part of the result.
void convolve_sparse(const SparseWindows& windows, const SparsePart& part,
                     const SparseInputs& inputs, const SparseOutput& output);

// The gradient by the result, and that by what ReLU made the result of.
struct SparseGradient {
  const float* by_out;
  const float* out;  // the result; null without ReLU
  float* by_sum;     // written where there is ReLU: `by_out` where the result is positive, else 0
};

// Sums over the part's positions, whose sums over the lanes are gradients.
struct SparseSums {
  float* by_weights;  // [weights, kLaneGroup]
  float* by_bias;     // [M, kLaneGroup]
};

// Adds to the sums what the gradient by the result gives; `inputs` needs no weights.
void add_sparse_gradients(const SparseWindows& windows, const SparsePart& part,
                          const SparseInputs& inputs, const SparseGradient& gradient,
                          const SparseSums& sums);

}  // namespace ncprune
