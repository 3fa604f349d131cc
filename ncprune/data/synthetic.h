#pragma once

#include <cstdint>
#include <vector>

#include "ncprune/base/random.h"
#include "ncprune/base/spec.h"
#include "ncprune/data/dataset.h"

namespace ncprune {

// Classes with a known distribution: class c is normal with mean means[c] and a shared covariance.
// Measurements on samples can be compared with the truth.
struct GaussianClasses {
  at::Tensor means;       // double [K, d]
  at::Tensor covariance;  // double [d, d], positive definite
};

struct GaussianOptions {
  int64_t classes = 10;
  int64_t features = 20;
  double spread = 1;  // standard deviation of the means' coordinates
  double noise = 1;   // standard deviation of a sample's coordinates around its mean
};

// Means drawn once from N(0, spread^2) with `random`; covariance noise^2 * 0.5^|i-j|, so that
// neighbouring features correlate and a computation that ignores off-diagonal entries is wrong.
GaussianClasses gaussian_classes(const GaussianOptions& options, Random random);

// Draws counts[c] samples of class c, class by class; float inputs [sum of counts, d].
// Deterministic in the seed of `random`. REQUIRES: as many counts as classes.
Dataset sample(const GaussianClasses& law, const std::vector<int64_t>& counts, Random random);

// synthetic:CLASSES,FEATURES,SAMPLES_PER_CLASS?spread=S&noise=N, with a test set of the same size.
// The distribution depends only on the spec, the samples also on `seed`. Throws InputError on
// numbers out of range or more than 2^28 values.
TrainTest synthetic_data(const Spec& spec, uint64_t seed);

}  // namespace ncprune
