#pragma once

#include <sys/resource.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "ncprune/base/spec.h"

// What the benchmarks have in common.
namespace ncprune::benchmark {

// The upper median. REQUIRES: `values` is not empty.
inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// The largest resident size of this process so far, in MB.
inline int64_t peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

// The program's arguments by position; a number that was not given is `fallback`.
struct Arguments {
  int count;
  char** values;

  int64_t integer(int i, int64_t fallback) const {
    return i < count ? parse_integers(values[i], "argument", 1, 1 << 30).front() : fallback;
  }
};

}  // namespace ncprune::benchmark
