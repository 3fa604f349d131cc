#pragma once

#include <string>
#include <vector>

#include "ncprune/model/network.h"

namespace ncprune {

struct LatencyOptions {
  std::string runtime;  // runtimes(); empty: default_runtime()
  int64_t batch = 1;    // samples a run, in [1, 2^20]
  int64_t runs = 100;   // timed, in [1, 10^6]
};

// Milliseconds a run takes, over the timed runs.
struct Latency {
  double median;
  double low;   // the fastest tenth ends here
  double high;  // the slowest tenth begins here
};

// How long the networks take for one batch of random inputs, on thread_count() threads.
// They take turns, one run each, so that a busy moment of the machine meets all of them; some runs
// before that are not timed. Throws InputError on options out of range, a network whose sample has
// no fixed shape, and as make_runner().
std::vector<Latency> measure_latency(const std::vector<Network>& networks,
                                     const LatencyOptions& options);

}  // namespace ncprune
