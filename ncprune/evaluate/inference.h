#pragma once

#include <cstdint>
#include <vector>

namespace ncprune {

// Exact tests and intervals for counts on a test set. Shares lie in [0, 1].

struct Interval {
  double low;
  double high;
};

// The exact interval of the probability of success, given `successes` in `trials`: it contains the
// true value with at least `confidence`, however few the trials; [0, 1] for no trials (Clopper,
// Pearson 1934). Throws InputError unless 0 <= successes <= trials and confidence is in (0, 1).
Interval clopper_pearson(int64_t successes, int64_t trials, double confidence);

// Two exact bounds of the probability of success (Clopper, Pearson 1934): the true value lies below
// `low` with probability at most `error`, and above `high` with probability at most `error`; [0, 1]
// for no trials. Throws InputError unless 0 <= successes <= trials and `error` is in (0, 1).
Interval one_sided_bounds(int64_t successes, int64_t trials, double error);

// The probability that two equally good classifiers differ at least this much: of the samples that
// only one classifies correctly, `lost` are correct by the first and `gained` by the second. Exact
// and two-sided (McNemar 1947, by the binomial distribution); 1 when there are none. REQUIRES: both
// >= 0.
double mcnemar(int64_t lost, int64_t gained);

// Half the width of the 95 % interval of the mean of `values`, by Student's t; NaN for fewer than
// two.
double half_interval(const std::vector<double>& values);

// The p-values adjusted for multiple testing, in their order (Holm 1979); NaN stays NaN and is not
// counted.
std::vector<double> holm(const std::vector<double>& p_values);

// The p-value of Wilcoxon's signed-rank test, two-sided (1945): the probability that differences
// distributed symmetrically around zero lie at least this far to one side. Zeros are dropped, ties
// share their mean rank; exact up to 50 differences, beyond by the normal distribution. 1 when all
// are zero.
double wilcoxon(const std::vector<double>& differences);

// Several methods on the same problems (Friedman 1937; Demsar 2006).
struct RankComparison {
  std::vector<double> mean_ranks;  // of every method; 1 is the best
  double statistic = 0;            // chi-squared, degrees of freedom: methods - 1
  double p_value = 1;              // that all methods are equal
  double critical_difference =
      0;  // mean ranks that differ by less are not distinguishable (Nemenyi)
};

// `scores`: a row per problem, a number per method, greater is better; ties share their mean rank.
// Throws InputError unless there are at least two problems and two methods and no number is NaN.
RankComparison compare_ranks(const std::vector<std::vector<double>>& scores, double confidence);

// The range of `count` independent standard normal numbers that is exceeded with probability
// 1 - confidence. REQUIRES: count >= 2, confidence in (0, 1).
double normal_range_quantile(int64_t count, double confidence);

}  // namespace ncprune
