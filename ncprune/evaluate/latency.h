#pragma once

#include <string>
#include <vector>

#include "ncprune/model/network.h"

namespace ncprune {

struct LatencyOptions {
  std::string runtime;  // runtimes(); empty: default_runtime()
  int64_t batch = 1;    // samples per run, in [1, 2^20]
  int64_t runs = 100;   // timed runs, in [1, 10^6]
};

// Milliseconds per run, over the timed runs.
struct Latency {
  double median;
  double low;   // the fastest tenth ends here
  double high;  // the slowest tenth begins here
};

// Measures the time of the networks for one batch of random inputs, on thread_count() threads. The
// networks run in turn, so that a busy moment of the machine affects all of them; some untimed runs
// come first. Throws InputError on options out of range, a network whose sample has no fixed shape,
// and as make_runner().
std::vector<Latency> measure_latency(const std::vector<Network>& networks,
                                     const LatencyOptions& options);

}  // namespace ncprune
