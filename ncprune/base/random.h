#pragma once

#include <ATen/core/Generator.h>

#include <cstdint>
#include <string_view>

#include "ncprune/base/tensor.h"

namespace ncprune {

// The seeded source of all randomness. Each stage draws from a named stream, so the draws of one
// stage never affect those of another: the imbalanced data set of seed 7 is the same whether or not
// a network was trained before.
class Random {
 public:
  explicit Random(uint64_t seed);

  // An independent source that depends only on the seed and `name`, not on earlier draws.
  Random stream(std::string_view name) const;

  at::Generator& generator() & { return generator_; }  // not on a temporary: it would dangle
  uint64_t seed() const { return seed_; }

  // A random order of 0 .. n-1, int64 [n].
  at::Tensor permutation(int64_t n);

 private:
  uint64_t seed_;
  at::Generator generator_;
};

}  // namespace ncprune
