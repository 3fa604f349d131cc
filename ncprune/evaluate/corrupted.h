#pragma once

#include <string>
#include <vector>

#include "ncprune/data/corruption.h"
#include "ncprune/evaluate/metrics.h"

namespace ncprune {

struct CorruptionOptions {
  std::string scale = "cifar-c";  // of the strengths; see corruption.h
  // Names; empty: all that apply to the data, and kWeightNoise.
  std::vector<std::string> corruptions = {};
  std::vector<int64_t> severities{1, 2, 3, 4, 5};
  uint64_t seed = 0;
  std::string runtime = "ncprune";  // runs the networks; see runner.h
};

// A corruption of the network, not of its inputs: every nonzero weight gets Gaussian noise of .01
// .02 .05 .1 .2 times the root mean square of the nonzero weights in its layer, on either scale.
inline constexpr const char* kWeightNoise = "weight-noise";
Network with_weight_noise(const Network& network, int64_t severity, uint64_t seed);

// The networks on one corruption at one severity.
struct CorruptedResult {
  std::string corruption;
  int64_t severity;
  std::vector<ClassMetrics> networks;
};

struct Corruptions {
  std::vector<ClassMetrics> clean;         // per network
  std::vector<CorruptedResult> corrupted;  // corruption by corruption, each by severity
};

// Throws InputError on a severity that is out of range or repeated, a runtime that cannot be used,
// and a corruption that is unknown or does not apply to the data.
void require_valid(const CorruptionOptions& options, const Dataset& data);

// Runs every network on every corruption at every severity; the networks see the same inputs.
// Throws InputError as require_valid() and evaluate().
Corruptions measure_corruptions(const std::vector<Network>& networks, const Dataset& data,
                                const CorruptionOptions& options = {});

// The results of a network over all corruptions. An error is 1 - balanced accuracy (every class
// counts the same) or, overall, 1 - accuracy (every sample does). All means run over corruptions
// and, within them, severities.
struct CorruptionSummary {
  std::vector<double> recall;  // K: mean recall of every class
  double balanced_accuracy;    // mean
  double overall_accuracy;     // mean
  // The errors summed over all corruptions and severities, and the errors beyond those on clean
  // data, both divided by the first network's: "mCE" and "relative mCE" of Hendrycks, Dietterich
  // 2019, but with a ratio of sums instead of a mean of ratios, which harmless corruptions would
  // dominate. NaN where the first network makes no such error.
  double mean_corruption_error;
  double relative_error;
  double overall_mean_corruption_error;
  double overall_relative_error;
};
std::vector<CorruptionSummary> summarize(const Corruptions& corruptions);  // per network

}  // namespace ncprune
