#pragma once

#include <cstdint>
#include <vector>

namespace ncprune {

// What counts on a test set say about the classifier behind them. Shares lie in [0, 1].

struct Interval {
  double low;
  double high;
};

// Of the share behind `successes` in `trials`: exact, so that it holds the true share with at least
// `confidence`, however few the trials; [0, 1] of none (Clopper, Pearson 1934). Throws InputError
// unless 0 <= successes <= trials and confidence is in (0, 1).
Interval clopper_pearson(int64_t successes, int64_t trials, double confidence);

// How likely two classifiers that err alike are to differ by as much as this: of the samples only
// one has right, `lost` are the first's and `gained` the second's. Exact and two-sided (McNemar
// 1947, by the binomial distribution); 1 when there are none. REQUIRES: both >= 0.
double mcnemar(int64_t lost, int64_t gained);

// Half the 95 % interval of the mean behind `values`, by Student's t; NaN of fewer than two.
double half_interval(const std::vector<double>& values);

// The p-values adjusted for having looked at all of them, in their order (Holm 1979); NaN stays NaN
// and is not counted.
std::vector<double> holm(const std::vector<double>& p_values);

}  // namespace ncprune
