#pragma once

#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "ncprune/base/random.h"

namespace ncprune {

// The normal numbers that one call of at::Tensor::normal_() draws for a contiguous float tensor of
// `total` elements, to the bit, without holding them all. LibTorch makes every 16 numbers from 16
// uniform draws, and makes the last 16 anew unless `total` is a multiple of 16. Reading in order
// costs each number once; going back costs at most a million more. Several threads may read.
class NormalStream {
 public:
  NormalStream(int64_t total, double sigma, const Random& random);

  // The numbers [begin, end), float [end - begin]. REQUIRES: 0 <= begin <= end <= total.
  at::Tensor read(int64_t begin, int64_t end) const;

 private:
  struct Place {
    int64_t position;         // numbers drawn before
    at::Generator generator;  // in the state after them
  };

  void go_to(int64_t position) const;
  at::Tensor draw(int64_t count) const;
  at::Tensor last_numbers() const;

  int64_t total_;
  double sigma_;
  mutable std::mutex mutex_;
  mutable Place now_;
  mutable std::vector<Place> known_;  // ascending, the first at 0
  mutable at::Tensor last_;           // the last numbers, once they are drawn
};

}  // namespace ncprune
