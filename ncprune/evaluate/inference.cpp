#include "ncprune/evaluate/inference.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/quadrature/gauss_kronrod.hpp>
#include <boost/math/tools/roots.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>

#include "ncprune/base/error.h"

namespace ncprune {
namespace {

// Ranks from 1 for the smallest; equal values share the mean of their ranks.
std::vector<double> ranks_of(const std::vector<double>& values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (size_t first = 0; first < order.size();) {
    size_t end = first + 1;
    while (end < order.size() && values[order[end]] == values[order[first]]) ++end;
    for (size_t i = first; i < end; ++i) {
      ranks[order[i]] = static_cast<double>(first + end + 1) / 2;
    }
    first = end;
  }
  return ranks;
}

// The share of all sign choices for which the positive ranks sum to at most `limit`. Mean ranks are
// multiples of one half, so sums are counted in halves.
double rank_sum_share(const std::vector<double>& ranks, double limit) {
  std::vector<double> share{1};  // indexed by twice the sum
  for (const double rank : ranks) {
    const auto twice = static_cast<size_t>(std::lround(2 * rank));
    std::vector<double> next(share.size() + twice, 0);
    for (size_t sum = 0; sum < share.size(); ++sum) {
      next[sum] += share[sum] / 2;
      next[sum + twice] += share[sum] / 2;
    }
    share = std::move(next);
  }
  double below = 0;
  for (size_t sum = 0; sum <= static_cast<size_t>(std::lround(2 * limit)); ++sum) {
    below += share[sum];
  }
  return below;
}

}  // namespace

Interval clopper_pearson(int64_t successes, int64_t trials, double confidence) {
  if (!(confidence > 0 && confidence < 1)) {
    throw InputError(fmt::format("confidence {} is outside (0, 1)", confidence));
  }
  return one_sided_bounds(successes, trials, (1 - confidence) / 2);
}

Interval one_sided_bounds(int64_t successes, int64_t trials, double error) {
  if (successes < 0 || successes > trials) {
    throw InputError(fmt::format("{} successes in {} trials", successes, trials));
  }
  if (!(error > 0 && error < 1)) {
    throw InputError(fmt::format("error probability {} is outside (0, 1)", error));
  }
  using Binomial = boost::math::binomial_distribution<double>;
  if (trials == 0) return {0, 1};
  const auto n = static_cast<double>(trials);
  const auto k = static_cast<double>(successes);
  return {Binomial::find_lower_bound_on_p(n, k, error),
          Binomial::find_upper_bound_on_p(n, k, error)};
}

double mcnemar(int64_t lost, int64_t gained) {
  if (lost == gained) return 1;
  const boost::math::binomial_distribution<double> even(static_cast<double>(lost + gained), 0.5);
  return std::min(1.0, 2 * boost::math::cdf(even, static_cast<double>(std::min(lost, gained))));
}

double half_interval(const std::vector<double>& values) {
  if (values.size() < 2) return std::numeric_limits<double>::quiet_NaN();
  const auto n = static_cast<double>(values.size());
  double mean = 0;
  for (const double x : values) mean += x / n;
  double squares = 0;
  for (const double x : values) squares += (x - mean) * (x - mean);
  const double t = boost::math::quantile(boost::math::students_t(n - 1), 0.975);
  return t * std::sqrt(squares / (n - 1) / n);
}

std::vector<double> holm(const std::vector<double>& p_values) {
  std::vector<size_t> order;
  for (size_t i = 0; i < p_values.size(); ++i) {
    if (!std::isnan(p_values[i])) order.push_back(i);
  }
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return p_values[a] < p_values[b]; });
  std::vector<double> adjusted = p_values;
  double largest = 0;
  for (size_t rank = 0; rank < order.size(); ++rank) {
    const double stretched = static_cast<double>(order.size() - rank) * p_values[order[rank]];
    largest = std::max(largest, std::min(1.0, stretched));
    adjusted[order[rank]] = largest;
  }
  return adjusted;
}

double wilcoxon(const std::vector<double>& differences) {
  std::vector<double> sizes;
  for (const double d : differences) {
    if (d != 0) sizes.push_back(std::abs(d));
  }
  if (sizes.empty()) return 1;
  std::vector<double> ranks = ranks_of(sizes);
  double positive = 0;
  size_t i = 0;
  for (const double d : differences) {
    if (d == 0) continue;
    if (d > 0) positive += ranks[i];
    ++i;
  }
  const auto n = static_cast<double>(ranks.size());
  const double all = n * (n + 1) / 2;
  const double smaller = std::min(positive, all - positive);
  constexpr size_t kMaxExact = 50;
  if (ranks.size() <= kMaxExact) return std::min(1.0, 2 * rank_sum_share(ranks, smaller));
  double variance = 0;
  for (const double rank : ranks) variance += rank * rank / 4;
  const boost::math::normal standard;
  return std::min(1.0, 2 * boost::math::cdf(standard, (smaller - all / 2) / std::sqrt(variance)));
}

double normal_range_quantile(int64_t count, double confidence) {
  const boost::math::normal standard;
  const auto k = static_cast<double>(count);
  // P(range < q): one number is the lowest, at z, and the others are in [z, z + q].
  const auto below = [&](double q) {
    const auto density = [&](double z) {
      const double inside = boost::math::cdf(standard, z + q) - boost::math::cdf(standard, z);
      return k * boost::math::pdf(standard, z) * std::pow(inside, k - 1);
    };
    constexpr double kEnd = 9;  // the density is below 1e-18 beyond it
    return boost::math::quadrature::gauss_kronrod<double, 61>::integrate(density, -kEnd, kEnd, 10,
                                                                         1e-10) -
           confidence;
  };
  constexpr double kLargest = 20;
  std::uintmax_t steps = 100;
  const auto [low, high] = boost::math::tools::toms748_solve(
      below, 1e-6, kLargest, boost::math::tools::eps_tolerance<double>(40), steps);
  return (low + high) / 2;
}

RankComparison compare_ranks(const std::vector<std::vector<double>>& scores, double confidence) {
  if (scores.size() < 2 || scores[0].size() < 2) {
    throw InputError("comparing ranks needs at least two problems and two methods");
  }
  const size_t k = scores[0].size();
  const auto n = static_cast<double>(scores.size());
  const auto methods = static_cast<double>(k);
  RankComparison result;
  result.mean_ranks.assign(k, 0);
  double ties = 0;
  for (const std::vector<double>& row : scores) {
    std::vector<double> worse;  // the best has rank 1
    for (const double score : row) {
      if (std::isnan(score)) throw InputError("comparing ranks needs numbers, not NaN");
      worse.push_back(-score);
    }
    const std::vector<double> ranks = ranks_of(worse);
    double squares = 0;
    for (size_t i = 0; i < k; ++i) {
      result.mean_ranks[i] += ranks[i] / n;
      squares += ranks[i] * ranks[i];
    }
    // The amount by which ties reduce the sum of squared ranks.
    ties += 12 * (methods * (methods + 1) * (2 * methods + 1) / 6 - squares);
  }
  double spread = 0;
  for (const double rank : result.mean_ranks) {
    spread += (rank - (methods + 1) / 2) * (rank - (methods + 1) / 2);
  }
  const double correction = 1 - ties / (n * methods * (methods * methods - 1));
  result.statistic = correction > 0 ? 12 * n / (methods * (methods + 1)) * spread / correction : 0;
  const boost::math::chi_squared distribution(methods - 1);
  result.p_value = boost::math::cdf(boost::math::complement(distribution, result.statistic));
  result.critical_difference = normal_range_quantile(static_cast<int64_t>(k), confidence) /
                               std::sqrt(2) * std::sqrt(methods * (methods + 1) / (6 * n));
  return result;
}

}  // namespace ncprune
