// Does not use LibTorch and is compiled with -O3 -fno-math-errno -fno-trapping-math: a square root
// that may set errno is not vectorised, and then the single pass is slower than LibTorch's several.
#include "ncprune/train/optimizer_kernels.h"

#include <cmath>

#include "ncprune/base/each_processor.h"

namespace ncprune {

NCPRUNE_EACH_PROCESSOR
void update_momentum(const UpdateArrays& arrays, const UpdateScalars& s, int64_t begin,
                     int64_t end) {
  float* __restrict value = arrays.value;
  const float* __restrict gradient = arrays.gradient;
  float* __restrict first = arrays.first;
  // Copied because the compiler cannot know that no array overlaps `s`.
  const auto [rate, keep, gain, l2, shrink, keep2, gain2, unbias2, epsilon] = s;
  for (int64_t i = begin; i < end; ++i) {
    const float g = gradient[i] + l2 * value[i];
    const float mean = keep * first[i] + gain * g;
    first[i] = mean;
    value[i] = shrink * value[i] - rate * mean;
  }
}

NCPRUNE_EACH_PROCESSOR
void update_adam(const UpdateArrays& arrays, const UpdateScalars& s, int64_t begin, int64_t end) {
  float* __restrict value = arrays.value;
  const float* __restrict gradient = arrays.gradient;
  float* __restrict first = arrays.first;
  float* __restrict second = arrays.second;
  const auto [rate, keep, gain, l2, shrink, keep2, gain2, unbias2, epsilon] = s;
  for (int64_t i = begin; i < end; ++i) {
    const float g = gradient[i] + l2 * value[i];
    const float mean = keep * first[i] + gain * g;
    const float square = keep2 * second[i] + gain2 * g * g;
    first[i] = mean;
    second[i] = square;
    value[i] = shrink * value[i] - rate * mean / (unbias2 * std::sqrt(square) + epsilon);
  }
}

}  // namespace ncprune
