// Tests over several problems, against scipy and against counting every way by hand.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "ncprune/evaluate/bootstrap.h"
#include "ncprune/evaluate/inference.h"
#include "tests/data/input_error.h"
#include "tests/golden.h"

namespace ncprune {
namespace {

TEST(Wilcoxon, AgreesWithScipy) {
  const Json wanted = golden("inference");
  for (const Json& row : wanted["wilcoxon"]) {
    const auto differences = row[0].get<std::vector<double>>();
    EXPECT_NEAR(wilcoxon(differences), row[1].get<double>(), 1e-9);
  }
}

// The share of all signs that lie as far out as those of `differences`.
double by_counting(const std::vector<double>& differences) {
  std::vector<double> sizes;
  for (const double d : differences) {
    if (d != 0) sizes.push_back(std::abs(d));
  }
  std::vector<double> ranks;
  for (const double size : sizes) {
    double rank = 0.5;
    for (const double other : sizes) rank += other < size ? 1 : other == size ? 0.5 : 0;
    ranks.push_back(rank);
  }
  const size_t n = ranks.size();
  double total = 0;
  for (const double rank : ranks) total += rank;
  const auto distance = [&](size_t signs) {
    double sum = 0;
    for (size_t i = 0; i < n; ++i) sum += (signs >> i & 1) != 0 ? ranks[i] : 0;
    return std::abs(sum - total / 2);
  };
  size_t own = 0;
  size_t bit = 0;
  for (const double d : differences) {
    if (d == 0) continue;
    own |= d > 0 ? size_t{1} << bit : 0;
    ++bit;
  }
  double far = 0;
  const size_t all = size_t{1} << n;
  for (size_t signs = 0; signs < all; ++signs) far += distance(signs) >= distance(own) - 1e-9;
  return far / static_cast<double>(all);
}

TEST(Wilcoxon, CountsTiesAndZerosExactly) {
  for (const std::vector<double>& differences :
       std::vector<std::vector<double>>{{1},
                                        {1, 2, 3},
                                        {-1, 2, 2, 0, -2, 5},
                                        {3, 3, 3, 3, -3},
                                        {0.5, 0.5, -0.25, 1, 1, 1, -1, 0, 0, 2}}) {
    EXPECT_NEAR(wilcoxon(differences), by_counting(differences), 1e-12);
  }
  EXPECT_DOUBLE_EQ(wilcoxon({}), 1);
  EXPECT_DOUBLE_EQ(wilcoxon({0, 0}), 1);
}

TEST(CompareRanks, AgreesWithScipy) {
  const Json wanted = golden("inference");
  const Json& friedman = wanted["friedman"];
  const RankComparison found =
      compare_ranks(friedman["scores"].get<std::vector<std::vector<double>>>(), 0.95);
  EXPECT_NEAR(found.statistic, friedman["statistic"].get<double>(), 1e-9);
  EXPECT_NEAR(found.p_value, friedman["p_value"].get<double>(), 1e-9);
  for (size_t i = 0; i < found.mean_ranks.size(); ++i) {
    EXPECT_NEAR(found.mean_ranks[i], friedman["mean_ranks"][i].get<double>(), 1e-12);
  }
  for (const Json& row : wanted["normal_range"]) {
    EXPECT_NEAR(normal_range_quantile(row[0], row[1]), row[2].get<double>(), 1e-4) << row;
  }
  // Demsar 2006, table 5: q for 5 classifiers is 2.728.
  EXPECT_NEAR(found.critical_difference, 2.728 * std::sqrt(5 * 6 / (6.0 * 9)), 1e-3);
}

TEST(CompareRanks, RefusesWhatCannotBeRanked) {
  EXPECT_NE(input_error([] {
              compare_ranks({{1, 2}}, 0.95);
            }).find("two problems"),
            std::string::npos);
  EXPECT_NE(input_error([] {
              compare_ranks({{1, 2}, {1, std::nan("")}}, 0.95);
            }).find("NaN"),
            std::string::npos);
  EXPECT_DOUBLE_EQ(compare_ranks({{1, 1}, {2, 2}}, 0.95).p_value, 1);  // all alike
}

TEST(ResampledMeans, ScatterAsDrawingTheSamplesDoes) {
  Random random(3);
  const at::Tensor changes = resampled_means(
      {{{-1, 30}, {1, 50}, {0, 120}}, {{-1, 0}}, {{-1, 5}, {0, 45}}}, 20'000, random);
  // One class has mean (gained - lost) / n, variance (shares - change^2) / n; two classes count.
  const double first = 20.0 / 200;
  const double second = -5.0 / 50;
  EXPECT_NEAR(changes.mean().item<double>(), (first + second) / 2, 1e-3);
  const double variance =
      ((80.0 / 200 - first * first) / 200 + (5.0 / 50 - second * second) / 50) / 4;
  EXPECT_NEAR(changes.var().item<double>(), variance, 0.05 * variance);
  // Many values: the variance of the values themselves over n.
  const at::Tensor many =
      resampled_means({{{-2, 10}, {0.5, 20}, {3, 30}, {4, 40}}}, 20'000, random);
  EXPECT_NEAR(many.mean().item<double>(), 2.4, 0.01);
  EXPECT_NEAR(many.var().item<double>(), (4 * 10 + 0.25 * 20 + 9 * 30 + 16 * 40 - 5.76 * 100) / 1e4,
              2e-3);
}

}  // namespace
}  // namespace ncprune
