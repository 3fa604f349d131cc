#pragma once

#include "ncprune/data/dataset.h"

namespace ncprune {

// A few samples of every class that stand for all of them.
struct WeightedSample {
  Dataset samples;
  std::vector<double> class_weights;  // K, of each sample of a class; over all they sum to 1
};

// At most `per_class` of every class, drawn with a fixed seed, so weighted that a weighted sum is
// sum_c pi_c E_c: pi as class_weights() makes it of the counts of all of `data`, the drawn samples
// standing for their class. Throws InputError when there are no samples.
WeightedSample weighted_sample(const Dataset& data, int64_t per_class, double balance);

}  // namespace ncprune
