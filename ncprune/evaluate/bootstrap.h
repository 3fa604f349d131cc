#pragma once

#include <cstdint>
#include <vector>

#include "ncprune/base/random.h"

namespace ncprune {

// So many samples of a class have this value: two classifiers' difference on them, say.
struct ValueCount {
  double value;
  int64_t count;
};

// The mean over `classes` of the samples' mean value, in `resamples` test sets drawn anew with
// replacement, every class from its own samples: double [resamples]. A class without samples is
// left out; NaN when all are. What a draw gives of every value is multinomial, so that no sample is
// looked at.
at::Tensor resampled_means(const std::vector<std::vector<ValueCount>>& classes, int64_t resamples,
                           Random& random);

}  // namespace ncprune
