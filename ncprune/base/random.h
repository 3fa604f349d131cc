#pragma once

#include <ATen/core/Generator.h>

#include <cstdint>
#include <string_view>

#include "ncprune/base/tensor.h"

namespace ncprune {

// The one seeded source of randomness. A stage draws from its own named stream, so that what one
// stage draws never changes what another gets: the thinned data set of seed 7 is the same whether
// or not a network was trained before.
class Random {
 public:
  explicit Random(uint64_t seed);

  // An independent source that depends on the seed and `name` alone, not on what was drawn so far.
  Random stream(std::string_view name) const;

  at::Generator& generator() & { return generator_; }  // not of a temporary: it would dangle
  uint64_t seed() const { return seed_; }

  // A random order of 0 .. n-1, int64 [n].
  at::Tensor permutation(int64_t n);

 private:
  uint64_t seed_;
  at::Generator generator_;
};

}  // namespace ncprune
