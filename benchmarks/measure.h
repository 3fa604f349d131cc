#pragma once

#include <ATen/ops/empty.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <fstream>
#include <functional>
#include <vector>

#include "ncprune/base/random.h"
#include "ncprune/base/spec.h"
#include "ncprune/data/samples.h"

// Shared by the benchmarks.
namespace ncprune::benchmark {

// The upper median. REQUIRES: `values` is not empty.
inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Processor seconds `work` takes: what other programs take of the machine does not count.
inline double processor_seconds(const std::function<void()>& work) {
  const std::clock_t start = std::clock();
  work();
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

// The largest resident size of this process so far, in MB.
inline int64_t peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

// The resident size of this process now, in MB.
inline int64_t resident_megabytes() {
  std::ifstream file("/proc/self/statm");
  int64_t pages = 0;
  file >> pages >> pages;
  return pages * sysconf(_SC_PAGESIZE) / (1 << 20);
}

inline const char* verdict(bool met) {
  return met ? "met" : "MISSED";
}

// Uniform noise in ten classes, none of them empty; [samples, ...].
inline Dataset noise(at::IntArrayRef shape) {
  constexpr int64_t kClasses = 10;
  Random random(1);
  Dataset data;
  data.inputs = at::empty(shape).uniform_(0, 1, random.generator());
  data.labels = at::empty({shape.front()}, at::kLong).random_(0, kClasses, random.generator());
  data.class_names = numbered_classes(kClasses);
  for (int64_t c = 0; c < kClasses; ++c) data.labels[c] = c;
  return data;
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
