#include "ncprune/data/noise.h"

#include <ATen/ops/empty_like.h>

#include "ncprune/base/random.h"

namespace ncprune {

Dataset with_gaussian_noise(const Dataset& data, double sigma, uint64_t seed) {
  Random random = Random(seed).stream("gaussian noise");
  Dataset noisy = in_memory(data);
  noisy.inputs = noisy.inputs + at::empty_like(noisy.inputs).normal_(0, sigma, random.generator());
  if (data.range) noisy.inputs.clamp_(data.range->first, data.range->second);
  return noisy;
}

}  // namespace ncprune
