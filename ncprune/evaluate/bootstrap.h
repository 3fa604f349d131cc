#pragma once

#include <cstdint>
#include <vector>

#include "ncprune/base/random.h"

namespace ncprune {

// Two classifiers on the test samples of one class.
struct PairedCounts {
  int64_t samples;
  int64_t lost;    // that only the first recognises
  int64_t gained;  // that only the second does
};

// The change of the mean recall over `classes` from the first classifier to the second, in
// `resamples` test sets drawn anew with replacement, every class from its own samples, both
// classifiers from the same: double [resamples]. A class without samples is left out; NaN when all
// are. The counts a draw gives are multinomial, so that no sample is looked at.
at::Tensor resampled_changes(const std::vector<PairedCounts>& classes, int64_t resamples,
                             Random& random);

}  // namespace ncprune
