#pragma once

#include "ncprune/data/dataset.h"

namespace ncprune {

// Gaussian noise of standard deviation `sigma` on the raw inputs, clipped to the data's range; the
// same noise for every network that sees the same data and seed.
Dataset with_gaussian_noise(const Dataset& data, double sigma, uint64_t seed);

}  // namespace ncprune
