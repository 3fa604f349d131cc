// Does not use LibTorch and is compiled with -O3.
#include "ncprune/model/sparse_convolution_kernels.h"

#include <cstddef>
#include <type_traits>

#include "ncprune/base/each_processor.h"

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

// Where the first window of a tile begins: floats from the picture and from the result.
struct TilePlace {
  int64_t in;
  int64_t out;
};

// kWindows windows of a run, of kGroups groups of lanes each.
template <int kWindows, int kGroups>
NCPRUNE_INLINE void convolve_tile(const WindowRun& run, const TapLists& lists,
                                  const SparsePart& part, const SparseInputs& inputs,
                                  const SparseOutput& output, const TilePlace& at) {
  const int64_t in_step = run.in_step;
  const int64_t batch = inputs.batch;
  const float* const weights = inputs.weights;
  const float* const in = inputs.in + at.in;
  const float* const bias = output.bias;
  const float* const summand = output.summand;
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
    const int64_t out = at.out + m * batch;
    for (int p = 0; p < kWindows; ++p) {
      for (int g = 0; g < kGroups; ++g) {
        const int64_t place = out + p * run.out_step + g * kLaneGroup;
        if (summand != nullptr) sums[p][g] += lanes_at(summand + place);
        if (output.rectified) sums[p][g] = sums[p][g] < 0 ? Lanes{} : sums[p][g];
        lanes_at(output.out + place) = sums[p][g];
      }
    }
  }
}

template <int kWindows, int kGroups>
NCPRUNE_INLINE void add_tile(const WindowRun& run, const TapLists& lists, const SparsePart& part,
                             const SparseInputs& inputs, const SparseGradient& gradient,
                             const TilePlace& at, const SparseSums& to) {
  const int64_t in_step = run.in_step;
  const float* const in = inputs.in + at.in;
  const Tap* const taps = lists.taps.data();
  const int32_t* const begins = lists.begins.data();
  for (int32_t m = part.begin; m < part.end; ++m) {
    Tile<kWindows, kGroups> by_sum;
    Lanes sum{};
    const int64_t out = at.out + m * inputs.batch;
    for (int p = 0; p < kWindows; ++p) {
      for (int g = 0; g < kGroups; ++g) {
        const int64_t place = out + p * run.out_step + g * kLaneGroup;
        by_sum[p][g] = lanes_at(gradient.by_out + place);
        if (gradient.out != nullptr) {
          by_sum[p][g] = lanes_at(gradient.out + place) > 0 ? by_sum[p][g] : Lanes{};
          lanes_at(gradient.by_sum + place) = by_sum[p][g];
        }
        sum += by_sum[p][g];
      }
    }
    lanes_at(to.by_bias + m * kLaneGroup) += sum;
    const int32_t end = begins[m + 1];
    for (int32_t t = begins[m]; t < end; ++t) {
      const float* const line = in + taps[t].offset;
      Lanes by_weight{};
      for (int p = 0; p < kWindows; ++p) {
        for (int g = 0; g < kGroups; ++g) {
          by_weight += by_sum[p][g] * lanes_at(line + p * in_step + g * kLaneGroup);
        }
      }
      lanes_at(to.by_weights + int64_t{taps[t].weight} * kLaneGroup) += by_weight;
    }
  }
}

// Calls use(count, run, lists, place) for kWindows windows of a run at a time, and for each of
// those that are left; `count` is a std::integral_constant.
template <int kWindows, typename Use>
NCPRUNE_INLINE void for_each_tile(const SparseWindows& windows, const SparsePart& part,
                                  const Use& use) {
  for (const WindowRun& run : windows.runs) {
    const TapLists& lists = windows.lists[run.lists];
    TilePlace place{part.lane + run.in, part.lane + run.out};
    int64_t left = run.count;
    for (; left >= kWindows; left -= kWindows) {
      use(std::integral_constant<int, kWindows>(), run, lists, place);
      place.in += kWindows * run.in_step;
      place.out += kWindows * run.out_step;
    }
    for (; left > 0; --left) {
      use(std::integral_constant<int, 1>(), run, lists, place);
      place.in += run.in_step;
      place.out += run.out_step;
    }
  }
}

template <int kWindows, int kGroups>
NCPRUNE_INLINE void convolve_part(const SparseWindows& windows, const SparsePart& part,
                                  const SparseInputs& inputs, const SparseOutput& output) {
  for_each_tile<kWindows>(
      windows, part,
      [&](auto count, const auto& run, const auto& lists, const auto& at)
          __attribute__((always_inline)) {
            convolve_tile<count(), kGroups>(run, lists, part, inputs, output, at);
          });
}

template <int kWindows, int kGroups>
NCPRUNE_INLINE void add_part(const SparseWindows& windows, const SparsePart& part,
                             const SparseInputs& inputs, const SparseGradient& gradient,
                             const SparseSums& sums) {
  for_each_tile<kWindows>(
      windows, part,
      [&](auto count, const auto& run, const auto& lists, const auto& at)
          __attribute__((always_inline)) {
            add_tile<count(), kGroups>(run, lists, part, inputs, gradient, at, sums);
          });
}

}  // namespace

NCPRUNE_EACH_PROCESSOR
void convolve_sparse(const SparseWindows& windows, const SparsePart& part,
                     const SparseInputs& inputs, const SparseOutput& output) {
  if (part.lanes == kLaneGroup) {
    convolve_part<4, 1>(windows, part, inputs, output);
  } else if (part.lanes == 2 * kLaneGroup) {
    convolve_part<2, 2>(windows, part, inputs, output);
  } else {
    convolve_part<2, 4>(windows, part, inputs, output);
  }
}

NCPRUNE_EACH_PROCESSOR
void add_sparse_gradients(const SparseWindows& windows, const SparsePart& part,
                          const SparseInputs& inputs, const SparseGradient& gradient,
                          const SparseSums& sums) {
  if (part.lanes == kLaneGroup) {
    add_part<4, 1>(windows, part, inputs, gradient, sums);
  } else if (part.lanes == 2 * kLaneGroup) {
    add_part<2, 2>(windows, part, inputs, gradient, sums);
  } else {
    add_part<2, 4>(windows, part, inputs, gradient, sums);
  }
}

}  // namespace ncprune
