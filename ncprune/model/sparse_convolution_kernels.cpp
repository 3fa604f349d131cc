// Does not use LibTorch and is compiled with -O3.
#include "ncprune/model/sparse_convolution_kernels.h"

#include <cstddef>

// Compiled for several processors; the fastest that the machine can run is chosen at the start.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define NCPRUNE_EACH_PROCESSOR __attribute__((target_clones("avx512f", "arch=haswell", "default")))
#else
#define NCPRUNE_EACH_PROCESSOR
#endif
#define NCPRUNE_INLINE __attribute__((always_inline)) inline

namespace ncprune {
namespace {

// Vectors of the length that the widest processors have; others take several steps.
using Lanes = float __attribute__((vector_size(4 * kLaneGroup), aligned(4), may_alias));

// Groups of lanes of windows side by side.
template <int kWindows, int kGroups>
using Tile = Lanes[static_cast<size_t>(kWindows)][static_cast<size_t>(kGroups)];

NCPRUNE_INLINE const Lanes& lanes_at(const float* from) {
  return *reinterpret_cast<const Lanes*>(from);
}

NCPRUNE_INLINE Lanes& lanes_at(float* from) {
  return *reinterpret_cast<Lanes*>(from);
}

// What a tile of windows works on: pointers at its first window and lane.
struct TilePlace {
  const float* in;
  float* out;           // or null
  const float* by_out;  // or null
};

// kWindows windows of a run, of kGroups groups of lanes each.
template <int kWindows, int kGroups>
NCPRUNE_INLINE void convolve_tile(const WindowRun& run, const TapLists& lists,
                                  const SparsePart& part, const SparseInputs& inputs,
                                  const float* bias, const TilePlace& at) {
  const int64_t in_step = run.in_step;
  const int64_t batch = inputs.batch;
  const float* const weights = inputs.weights;
  const float* const in = at.in;
  const Tap* const taps = lists.taps.data();
  const int32_t* const begins = lists.begins.data();
  for (int32_t m = part.begin; m < part.end; ++m) {
    Tile<kWindows, kGroups> sums;
    for (int p = 0; p < kWindows; ++p) {
      for (int g = 0; g < kGroups; ++g) sums[p][g] = Lanes{} + bias[m];
    }
    const int32_t end = begins[m + 1];
    for (int32_t t = begins[m]; t < end; ++t) {
      const float weight = weights[taps[t].weight];
      const float* const line = in + taps[t].offset;
      for (int p = 0; p < kWindows; ++p) {
        for (int g = 0; g < kGroups; ++g) {
          sums[p][g] += weight * lanes_at(line + p * in_step + g * kLaneGroup);
        }
      }
    }
    for (int p = 0; p < kWindows; ++p) {
      for (int g = 0; g < kGroups; ++g) {
        lanes_at(at.out + m * batch + p * run.out_step + g * kLaneGroup) = sums[p][g];
      }
    }
  }
}

template <int kWindows, int kGroups>
NCPRUNE_INLINE void add_tile(const WindowRun& run, const TapLists& lists, const SparsePart& part,
                             const SparseInputs& inputs, const TilePlace& at,
                             const SparseSums& to) {
  const int64_t in_step = run.in_step;
  const float* const in = at.in;
  const Tap* const taps = lists.taps.data();
  const int32_t* const begins = lists.begins.data();
  for (int32_t m = part.begin; m < part.end; ++m) {
    Tile<kWindows, kGroups> by_out;
    Lanes sum{};
    for (int p = 0; p < kWindows; ++p) {
      for (int g = 0; g < kGroups; ++g) {
        by_out[p][g] = lanes_at(at.by_out + m * inputs.batch + p * run.out_step + g * kLaneGroup);
        sum += by_out[p][g];
      }
    }
    lanes_at(to.by_bias + m * kLaneGroup) += sum;
    const int32_t end = begins[m + 1];
    for (int32_t t = begins[m]; t < end; ++t) {
      const float* const line = in + taps[t].offset;
      Lanes by_weight{};
      for (int p = 0; p < kWindows; ++p) {
        for (int g = 0; g < kGroups; ++g) {
          by_weight += by_out[p][g] * lanes_at(line + p * in_step + g * kLaneGroup);
        }
      }
      lanes_at(to.by_weights + int64_t{taps[t].weight} * kLaneGroup) += by_weight;
    }
  }
}

// Calls use(run, lists, place, one) for the tiles of kWindows windows of every run, and with `one`
// for those that are left.
template <int kWindows, typename Use>
NCPRUNE_INLINE void for_each_tile(const SparseWindows& windows, const TilePlace& start,
                                  const Use& use) {
  for (const WindowRun& run : windows.runs) {
    const TapLists& lists = windows.lists[run.lists];
    const auto place = [&](int64_t i) {
      const int64_t out = run.out + i * run.out_step;
      return TilePlace{start.in + run.in + i * run.in_step,
                       start.out == nullptr ? nullptr : start.out + out,
                       start.by_out == nullptr ? nullptr : start.by_out + out};
    };
    int64_t i = 0;
    for (; i + kWindows <= run.count; i += kWindows) use(run, lists, place(i), false);
    for (; i < run.count; ++i) use(run, lists, place(i), true);
  }
}

template <int kWindows, int kGroups>
NCPRUNE_INLINE void convolve_part(const SparseWindows& windows, const SparsePart& part,
                                  const SparseInputs& inputs, const float* bias, float* out) {
  for_each_tile<kWindows>(
      windows, {inputs.in + part.lane, out + part.lane, nullptr},
      [&](const WindowRun& run, const TapLists& lists, const TilePlace& at, bool one)
          __attribute__((always_inline)) {
            if (one)
              convolve_tile<1, kGroups>(run, lists, part, inputs, bias, at);
            else
              convolve_tile<kWindows, kGroups>(run, lists, part, inputs, bias, at);
          });
}

template <int kWindows, int kGroups>
NCPRUNE_INLINE void add_part(const SparseWindows& windows, const SparsePart& part,
                             const SparseInputs& inputs, const float* by_out,
                             const SparseSums& sums) {
  for_each_tile<kWindows>(
      windows, {inputs.in + part.lane, nullptr, by_out + part.lane},
      [&](const WindowRun& run, const TapLists& lists, const TilePlace& at, bool one)
          __attribute__((always_inline)) {
            if (one)
              add_tile<1, kGroups>(run, lists, part, inputs, at, sums);
            else
              add_tile<kWindows, kGroups>(run, lists, part, inputs, at, sums);
          });
}

}  // namespace

NCPRUNE_EACH_PROCESSOR
void convolve_sparse(const SparseWindows& windows, const SparsePart& part,
                     const SparseInputs& inputs, const float* bias, float* out) {
  if (part.lanes == kLaneGroup) {
    convolve_part<4, 1>(windows, part, inputs, bias, out);
  } else if (part.lanes == 2 * kLaneGroup) {
    convolve_part<2, 2>(windows, part, inputs, bias, out);
  } else {
    convolve_part<2, 4>(windows, part, inputs, bias, out);
  }
}

NCPRUNE_EACH_PROCESSOR
void add_sparse_gradients(const SparseWindows& windows, const SparsePart& part,
                          const SparseInputs& inputs, const float* by_out, const SparseSums& sums) {
  if (part.lanes == kLaneGroup) {
    add_part<4, 1>(windows, part, inputs, by_out, sums);
  } else if (part.lanes == 2 * kLaneGroup) {
    add_part<2, 2>(windows, part, inputs, by_out, sums);
  } else {
    add_part<2, 4>(windows, part, inputs, by_out, sums);
  }
}

}  // namespace ncprune
