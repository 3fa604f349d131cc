#include "ncprune/evaluate/comparison.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/data/input_error.h"
#include "tests/golden.h"

namespace ncprune {
namespace {

TEST(Inference, AgreesWithScipy) {
  const Json wanted = golden("inference");
  for (const Json& row : wanted["clopper_pearson"]) {
    const Interval found = clopper_pearson(row[0], row[1], row[2]);
    EXPECT_NEAR(found.low, row[3].get<double>(), 1e-9) << row;
    EXPECT_NEAR(found.high, row[4].get<double>(), 1e-9) << row;
  }
  for (const Json& row : wanted["mcnemar"]) {
    EXPECT_NEAR(mcnemar(row[0], row[1]), row[2].get<double>(), 1e-9) << row;
    EXPECT_DOUBLE_EQ(mcnemar(row[0], row[1]), mcnemar(row[1], row[0]));
  }
  const std::vector<double> adjusted = holm(wanted["p_values"]);
  for (size_t i = 0; i < adjusted.size(); ++i) {
    EXPECT_NEAR(adjusted[i], wanted["holm"][i].get<double>(), 1e-12);
  }
  EXPECT_NEAR(calibration_error(golden_tensor(wanted["scores"]),
                                golden_tensor(wanted["labels"]).to(at::kLong)),
              wanted["calibration_error"].get<double>(), 1e-9);
}

TEST(Inference, SaysNothingOfNothing) {
  EXPECT_DOUBLE_EQ(mcnemar(0, 0), 1);
  EXPECT_DOUBLE_EQ(clopper_pearson(0, 0, 0.95).low, 0);
  EXPECT_DOUBLE_EQ(clopper_pearson(0, 0, 0.95).high, 1);
  const std::vector<double> adjusted = holm({std::nan(""), 0.04, 0.03});
  EXPECT_TRUE(std::isnan(adjusted[0]));
  EXPECT_DOUBLE_EQ(adjusted[2], 0.06);  // of two, not of three
  EXPECT_NE(input_error([] { clopper_pearson(3, 2, 0.95); }).find("3 successes in 2"),
            std::string::npos);
  EXPECT_NE(input_error([] { clopper_pearson(1, 2, 1); }).find("confidence 1"), std::string::npos);
}

// Scores of networks that are sure of these classes.
at::Tensor scores_of(const std::vector<int64_t>& classes, int64_t count, double sure = 4) {
  at::Tensor scores = at::zeros({std::ssize(classes), count}, at::kDouble);
  for (size_t i = 0; i < classes.size(); ++i) {
    scores[static_cast<int64_t>(i)][classes[i]] = sure + 0.01 * static_cast<double>(i);
  }
  return scores;
}

TEST(Margin, IsTheShareOfTheOwnClassLessTheNext) {
  const at::Tensor scores =
      at::tensor({0.7, 0.2, 0.1, 0.1, 0.3, 0.6}, at::kDouble).log().view({2, 3});
  // 0.7 - 0.2 and 0.3 - 0.6.
  EXPECT_NEAR(mean_margin(scores, at::tensor({0, 1}, at::kLong)), 0.1, 1e-12);
  EXPECT_TRUE(std::isnan(mean_margin(scores.slice(0, 0, 0), at::empty({0}, at::kLong))));
}

TEST(Compare, CountsWhatEveryClassLostAndGained) {
  // Class 0: 3 of 4 right, then 2: one lost. Class 1: 1 of 3, then 2: two gained, one lost.
  const at::Tensor labels = at::tensor({0, 0, 0, 0, 1, 1, 1}, at::kLong);
  const Comparison found =
      compare(scores_of({0, 0, 0, 1, 1, 0, 2}, 4), scores_of({0, 0, 2, 1, 2, 1, 1}, 4), {labels});
  ASSERT_EQ(found.classes.size(), 4);
  EXPECT_EQ(found.classes[0].lost, 1);
  EXPECT_EQ(found.classes[0].gained, 0);
  EXPECT_EQ(found.classes[1].lost, 1);
  EXPECT_EQ(found.classes[1].gained, 2);
  EXPECT_DOUBLE_EQ(found.classes[1].recall_after, 2.0 / 3);
  EXPECT_DOUBLE_EQ(found.classes[1].p_value, 1);
  EXPECT_EQ(found.classes[3].samples, 0);
  EXPECT_TRUE(std::isnan(found.classes[3].recall_before));
  EXPECT_TRUE(std::isnan(found.classes[3].adjusted));
  EXPECT_DOUBLE_EQ(found.balanced_before, (0.75 + 1.0 / 3) / 2);
  EXPECT_DOUBLE_EQ(found.balanced_after, (0.5 + 2.0 / 3) / 2);

  ASSERT_EQ(found.flows.size(), 4);  // one sample each: by class, before, after
  EXPECT_EQ(found.flows[0].label, 0);
  EXPECT_EQ(found.flows[0].after, 2);
  ASSERT_EQ(found.exemplars.size(), 4);
  EXPECT_EQ(found.exemplars[0].sample, 6);  // the surest before
  EXPECT_EQ(found.exemplars[0].before, 2);
  EXPECT_EQ(found.exemplars[0].after, 1);
}

TEST(Compare, TellsWeakClassesMadeWeakerFromAllMadeWorse) {
  // Recalls 0.8 and 0.4 become 0.8 and 0: twice as far from their mean. And 0.6 and 0.2: as far.
  const at::Tensor labels = at::tensor({0, 0, 0, 0, 0, 1, 1, 1, 1, 1}, at::kLong);
  const at::Tensor before = scores_of({0, 0, 0, 0, 1, 1, 1, 0, 0, 0}, 2);
  const at::Tensor weaker = scores_of({0, 0, 0, 0, 1, 0, 0, 0, 0, 0}, 2);
  const at::Tensor worse = scores_of({0, 0, 0, 1, 1, 1, 0, 0, 0, 0}, 2);
  EXPECT_NEAR(compare(before, weaker, {labels}).intensification, 2, 1e-12);
  EXPECT_NEAR(compare(before, worse, {labels}).intensification, 1, 1e-12);
  EXPECT_TRUE(std::isnan(
      compare(scores_of({0, 1}, 2), scores_of({0, 1}, 2), {at::tensor({0, 1}, at::kLong)})
          .intensification));
}

TEST(Compare, ItsIntervalHoldsTheTrueChangeAsOftenAsItSays) {
  // In class 0 the second network loses a tenth of what the first had, in class 1 it gains as much:
  // the balanced accuracy stays. 200 pairs of test sets of 60 and 30 samples.
  int64_t held = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    at::Tensor both = at::zeros({90, 2}, at::kDouble);
    at::Tensor after = both.clone();
    at::Tensor truth = at::zeros({90}, at::kLong);
    truth.slice(0, 60, 90).fill_(1);
    const at::Tensor lucky = at::empty({90}, at::kDouble).uniform_(0, 1, random.generator());
    for (int64_t i = 0; i < 90; ++i) {
      const int64_t own = truth[i].item<int64_t>();
      const double draw = lucky[i].item<double>();
      const bool before_right = own == 0 ? draw < 0.8 : draw < 0.5;
      const bool after_right = own == 0 ? draw < 0.7 : draw < 0.6;
      both[i][before_right ? own : 1 - own] = 1;
      after[i][after_right ? own : 1 - own] = 1;
    }
    const Interval change = compare(both, after, {truth}, {.resamples = 1000}).balanced_change;
    held += change.low <= 0 && 0 <= change.high ? 1 : 0;
  }
  EXPECT_GE(held, 180);  // of 190 to be expected; below 180 one time in ten thousand
  EXPECT_LE(held, 199);
}

TEST(Compare, OfANetworkWithItselfFindsNothing) {
  const at::Tensor scores = scores_of({0, 1, 0, 1}, 2);
  const Comparison found = compare(scores, scores, {at::tensor({0, 0, 1, 1}, at::kLong)});
  EXPECT_TRUE(found.flows.empty());
  EXPECT_TRUE(found.exemplars.empty());
  EXPECT_DOUBLE_EQ(found.balanced_change.low, 0);
  EXPECT_DOUBLE_EQ(found.balanced_change.high, 0);
}

TEST(Compare, RefusesScoresOfOtherSamples) {
  const at::Tensor labels = at::tensor({0, 1}, at::kLong);
  EXPECT_NE(input_error([&] {
              compare(scores_of({0, 1}, 2), scores_of({0, 1}, 3), {labels});
            }),
            "");
  EXPECT_NE(input_error([&] {
              compare(scores_of({0, 1}, 2), scores_of({0, 1}, 2), {labels}, {.confidence = 1});
            }).find("confidence 1"),
            std::string::npos);
}

}  // namespace
}  // namespace ncprune
