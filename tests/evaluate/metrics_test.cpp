#include "ncprune/evaluate/metrics.h"

#include "ncprune/data/noise.h"

#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>

namespace ncprune {
namespace {

// Class scores whose largest entry is at the predicted class.
at::Tensor scores_for(const std::vector<int64_t>& predicted, int64_t classes) {
  at::Tensor scores = at::zeros({static_cast<int64_t>(predicted.size()), classes});
  for (size_t i = 0; i < predicted.size(); ++i) {
    scores[static_cast<int64_t>(i)][predicted[i]] = 1;
  }
  return scores;
}

TEST(ClassMetricsTest, AgreeWithCountingByHand) {
  // Class 0: 3 of 4 right, class 1: 1 of 2, class 2: 0 of 1 (taken for 0).
  const ClassMetrics m = class_metrics(scores_for({0, 0, 0, 1, 1, 0, 0}, 3),
                                       {at::tensor({0, 0, 0, 0, 1, 1, 2}, at::kLong)});
  EXPECT_EQ(m.recall, (std::vector<double>{0.75, 0.5, 0}));
  EXPECT_DOUBLE_EQ(m.balanced_accuracy, 1.25 / 3);
  EXPECT_DOUBLE_EQ(m.overall_accuracy, 4.0 / 7);
  EXPECT_DOUBLE_EQ(m.worst_recall, 0);
  EXPECT_DOUBLE_EQ(m.macro_f1, (6.0 / 9 + 2.0 / 4 + 0) / 3);
  EXPECT_NEAR(m.g_mean, std::cbrt(0.75 * 0.5 * 0.001), 1e-12);
  EXPECT_EQ(m.confusion, (std::vector<int64_t>{3, 1, 0, 1, 1, 0, 1, 0, 0}));
  EXPECT_DOUBLE_EQ(mean_recall(m, {1, 2}), 0.25);
  EXPECT_TRUE(std::isnan(mean_recall(m, {})));
}

TEST(ClassMetricsTest, LeaveOutAClassWithoutSamples) {
  const ClassMetrics m = class_metrics(scores_for({0, 1}, 3), {at::tensor({0, 0}, at::kLong)});
  EXPECT_TRUE(std::isnan(m.recall[1]) && std::isnan(m.recall[2]));
  EXPECT_DOUBLE_EQ(m.balanced_accuracy, 0.5);
  EXPECT_DOUBLE_EQ(mean_recall(m, {0, 2}), 0.5);
}

TEST(ClassMetricsTest, TiesGoToTheLowerClass) {
  const ClassMetrics m = class_metrics(at::full({1, 3}, 0.5), {at::tensor({0}, at::kLong)});
  EXPECT_DOUBLE_EQ(m.recall[0], 1);
}

TEST(ClassGroupsTest, AreTheThreeTenthsAtBothEnds) {
  const ClassGroups groups = class_groups({5, 90, 80, 70, 60, 50, 40, 30, 20, 10});
  EXPECT_EQ(groups.head, (std::vector<int64_t>{1, 2, 3}));
  EXPECT_EQ(groups.medium, (std::vector<int64_t>{4, 5, 6, 7}));
  EXPECT_EQ(groups.tail, (std::vector<int64_t>{0, 8, 9}));
  EXPECT_TRUE(class_groups({60, 60, 5}).head.empty()) << "two levels: the minority says it all";
  EXPECT_TRUE(class_groups({}).tail.empty());
}

TEST(GaussianNoiseTest, HasItsDeviationStaysInRangeAndFollowsTheSeed) {
  Dataset data{at::full({400, 50}, 0.5), at::zeros({400}, at::kLong), {"a"}, {{0, 1}}};
  const Dataset noisy = with_gaussian_noise(data, 0.1, 7);
  // 20000 draws: five standard errors of the deviation are 0.0025.
  EXPECT_NEAR(noisy.inputs.std().item<double>(), 0.1, 0.0025);
  EXPECT_TRUE(noisy.inputs.equal(with_gaussian_noise(data, 0.1, 7).inputs));
  EXPECT_FALSE(noisy.inputs.equal(with_gaussian_noise(data, 0.1, 8).inputs));
  const at::Tensor wild = with_gaussian_noise(data, 10, 7).inputs;
  EXPECT_GE(wild.min().item<double>(), 0);
  EXPECT_LE(wild.max().item<double>(), 1);
  data.range.reset();
  EXPECT_GT(with_gaussian_noise(data, 10, 7).inputs.max().item<double>(), 1);
}

}  // namespace
}  // namespace ncprune
