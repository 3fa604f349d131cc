#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ncprune/base/no_value.h"
#include "ncprune/evaluate/metrics.h"

namespace ncprune {

// Scores that are no means over test samples, in [0, 1], as they are in 100 sets of test and
// validation samples drawn with replacement (resampled_shares() in bootstrap.h). All networks have
// the same sets, so that the difference of two networks has its spread. Empty when not known.
struct ResampledScores {
  std::vector<double> minority_auroc;   // the mean over the rare classes
  std::vector<double> common_balanced;  // balanced accuracy at the common operating point
  std::vector<double> common_minority;  // minority recall there
};

// One network's results on the test set.
struct ModelResult {
  std::string name;  // may hold '\n', for the head of a table's column
  ClassMetrics clean = {};
  std::optional<ClassMetrics> noisy = {};  // on noisy test inputs
  // On clean inputs, the decisions moved so that the classes are predicted as often as the
  // reference predicts them, and by how much: OperatingPoint::shift(). NaN when not known.
  std::optional<ClassMetrics> common = {};
  double shift = kNoValue;
  ResampledScores resampled = {};
};

}  // namespace ncprune
