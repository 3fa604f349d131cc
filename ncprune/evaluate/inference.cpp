#include "ncprune/evaluate/inference.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>

#include "ncprune/base/error.h"

namespace ncprune {

Interval clopper_pearson(int64_t successes, int64_t trials, double confidence) {
  if (successes < 0 || successes > trials) {
    throw InputError(fmt::format("{} successes in {} trials", successes, trials));
  }
  if (!(confidence > 0 && confidence < 1)) {
    throw InputError(fmt::format("confidence {} is outside (0, 1)", confidence));
  }
  using Binomial = boost::math::binomial_distribution<double>;
  if (trials == 0) return {0, 1};
  const auto n = static_cast<double>(trials);
  const auto k = static_cast<double>(successes);
  const double side = (1 - confidence) / 2;
  return {Binomial::find_lower_bound_on_p(n, k, side), Binomial::find_upper_bound_on_p(n, k, side)};
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

}  // namespace ncprune
