#pragma once

#include <cstdint>
#include <vector>

#include "ncprune/base/random.h"

namespace ncprune {

// A value and the number of samples of a class that have it, such as the difference of two
// classifiers.
struct ValueCount {
  double value;
  int64_t count;
};

// The mean over `classes` of the mean value of their samples, in `resamples` test sets resampled
// with replacement within every class: double [resamples]. Classes without samples are skipped; NaN
// when all are. The counts of a draw are multinomial, so single samples are never drawn.
at::Tensor resampled_means(const std::vector<std::vector<ValueCount>>& classes, int64_t resamples,
                           Random& random);

// Test sets resampled with replacement within every class, for scores that are no means of values:
// the share of each of N samples in its class, double [resamples, N]; a class's shares sum to 1.
// `labels`: int64 [N].
at::Tensor resampled_shares(const at::Tensor& labels, int64_t resamples, Random& random);

// Half the width of the interval that holds 95 % of a score's draws, were they normal: 1.96
// standard deviations. NaN for fewer than two draws.
double margin(const std::vector<double>& draws);

// The shares in the samples as they are: 1 / number of samples of the class; double [N].
at::Tensor class_shares(const at::Tensor& labels);

}  // namespace ncprune
