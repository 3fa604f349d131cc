#pragma once

#include "ncprune/data/dataset.h"

namespace ncprune {

// Adds Gaussian noise of standard deviation `sigma` to the raw inputs and clips them to the data's
// range. The noise depends only on the data and the seed, so it is the same for every network. If a
// reader has the inputs, a reader has the noisy ones, which are the same as if they were in memory.
Dataset with_gaussian_noise(const Dataset& data, double sigma, uint64_t seed);

}  // namespace ncprune
