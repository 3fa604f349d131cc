// How classes are separated by their scores, against counting pairs.
#include "ncprune/evaluate/separation.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>

#include "ncprune/base/random.h"
#include "ncprune/data/label_rows.h"
#include "ncprune/evaluate/bootstrap.h"

namespace ncprune {
namespace {

struct Sample {
  double score;
  bool own;
};

// Counts all pairs, and for every sample of the class those that are ranked at least as high.
ClassSeparation by_counting(const std::vector<Sample>& samples) {
  double right = 0;
  double pairs = 0;
  double precision = 0;
  double own = 0;
  for (const Sample& a : samples) {
    if (!a.own) continue;
    double above = 0;
    double own_above = 0;
    for (const Sample& b : samples) {
      if (b.score >= a.score) (b.own ? own_above : above) += 1;
      if (b.own) continue;
      pairs += 1;
      right += b.score < a.score ? 1 : b.score == a.score ? 0.5 : 0;
    }
    own += 1;
    precision += own_above / (own_above + above);
  }
  return {right / pairs, precision / own};
}

void expect_near(const ClassSeparation& found, const ClassSeparation& wanted) {
  EXPECT_NEAR(found.auroc, wanted.auroc, 1e-12);
  EXPECT_NEAR(found.average_precision, wanted.average_precision, 1e-12);
}

TEST(Separation, AgreesWithCountingPairs) {
  constexpr int64_t kClasses = 3;
  constexpr int64_t kSamples = 61;
  Random random(5);
  const at::Tensor labels =
      at::empty({kSamples}, at::kLong).random_(0, kClasses, random.generator());
  // Coarse scores, so that many are equal.
  const at::Tensor scores =
      at::empty({kSamples, kClasses}, at::kDouble).normal_(0, 1, random.generator()).mul(2).round();
  const auto found = class_separations(scores, {labels});
  ASSERT_EQ(found.size(), static_cast<size_t>(kClasses));
  const at::Tensor shares = scores.log_softmax(1);
  for (int64_t c = 0; c < kClasses; ++c) {
    std::vector<Sample> samples;
    for (int64_t i = 0; i < kSamples; ++i) {
      samples.push_back({shares[i][c].item<double>(), labels[i].item<int64_t>() == c});
    }
    expect_near(found[static_cast<size_t>(c)], by_counting(samples));
  }
}

TEST(Separation, OfResampledSamplesIsThatOfASetWithThem) {
  const at::Tensor labels = at::tensor({0, 0, 0, 0, 0, 1, 1, 1, 2, 2}, at::kLong);
  Random random(7);
  const at::Tensor scores =
      at::empty({10, 3}, at::kDouble).normal_(0, 1, random.generator()).mul(2).round();
  const at::Tensor shares = resampled_shares(labels, 6, random);
  const at::Tensor found = resampled_aurocs(scores, {labels}, {1, 2}, shares);
  for (int64_t r = 0; r < shares.size(0); ++r) {
    const at::Tensor counts = (shares[r] / class_shares(labels)).round().to(at::kLong);
    const at::Tensor drawn = at::arange(10, at::kLong).repeat_interleave(counts);
    const auto wanted =
        class_separations(scores.index_select(0, drawn), {labels.index_select(0, drawn)});
    EXPECT_NEAR(found[r].item<double>(), (wanted[1].auroc + wanted[2].auroc) / 2, 1e-12);
  }
  EXPECT_TRUE(resampled_aurocs(scores, {labels}, {}, shares).isnan().all().item<bool>());
}

TEST(Separation, OfLabelsCountsEverySampleOnce) {
  constexpr int64_t kLabels = 3;
  constexpr int64_t kSamples = 40;
  Random random(6);
  Dataset data;
  data.inputs = at::empty({kSamples, kLabels}).normal_(0, 1, random.generator()).mul(2).round();
  const at::Tensor sets =
      at::empty({kSamples, kLabels}).bernoulli_(0.4, random.generator()).to(at::kBool);
  const Dataset rows = with_row_per_label(with_label_sets(data, sets, {"a", "b", "c"}, true));
  const auto found = class_separations(rows.inputs_at(0, rows.size()), rows.targets());
  ASSERT_EQ(found.size(), static_cast<size_t>(kLabels) + 1);
  for (int64_t c = 0; c <= kLabels; ++c) {
    std::vector<Sample> samples;
    for (int64_t i = 0; i < kSamples; ++i) {
      const at::Tensor z = data.inputs[i];
      samples.push_back(c < kLabels ? Sample{z[c].item<double>(), sets[i][c].item<bool>()}
                                    : Sample{-z.max().item<double>(), !sets[i].any().item<bool>()});
    }
    expect_near(found[static_cast<size_t>(c)], by_counting(samples));
  }
}

TEST(Separation, IsUnknownWithoutSamplesOfTheClassOrOfOthers) {
  const at::Tensor scores = at::tensor({1.0, 2.0, 3.0, 0.0}, at::kDouble).view({2, 2});
  const auto found = class_separations(scores, {at::tensor({1, 1}, at::kLong)});
  EXPECT_TRUE(std::isnan(found[0].auroc) && std::isnan(found[1].auroc));
  EXPECT_TRUE(std::isnan(
      class_separations(scores.slice(0, 0, 0), {at::empty({0}, at::kLong)})[0].average_precision));
}

}  // namespace
}  // namespace ncprune
