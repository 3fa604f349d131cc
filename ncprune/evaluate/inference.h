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

// How likely differences that scatter alike on both sides of zero are to lie as much on one side as
// these: Wilcoxon's signed-rank test, two-sided (1945). Zeros are dropped, ties share their mean
// rank; exact up to 50 differences, beyond by the normal distribution. 1 when all are zero.
double wilcoxon(const std::vector<double>& differences);

// Several methods on the same problems (Friedman 1937; Demsar 2006).
struct RankComparison {
  std::vector<double> mean_ranks;  // of every method; 1 is the best
  double statistic = 0;            // chi-squared with one degree of freedom less than methods
  double p_value = 1;              // of all methods being alike
  double critical_difference = 0;  // mean ranks that differ by less cannot be told apart (Nemenyi)
};

// `scores`: a row per problem, a number per method, greater is better; ties share their mean rank.
// Throws InputError unless there are two problems and two methods at least and no number is NaN.
RankComparison compare_ranks(const std::vector<std::vector<double>>& scores, double confidence);

// The range of `count` independent standard normal numbers that is exceeded with probability
// 1 - confidence. REQUIRES: count >= 2, confidence in (0, 1).
double normal_range_quantile(int64_t count, double confidence);

}  // namespace ncprune
