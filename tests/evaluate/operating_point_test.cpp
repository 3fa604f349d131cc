#include "ncprune/evaluate/operating_point.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/round.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>

#include "ncprune/evaluate/bootstrap.h"
#include "ncprune/evaluate/metrics.h"
#include "tests/matrix.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

// Logits [N, K] of N samples with labels 0, 0, ..., 1, ...
at::Tensor noisy_scores(const std::vector<int64_t>& counts, uint64_t seed) {
  std::vector<int64_t> labels;
  for (size_t c = 0; c < counts.size(); ++c) {
    labels.insert(labels.end(), static_cast<size_t>(counts[c]), static_cast<int64_t>(c));
  }
  const at::Tensor truth = at::tensor(labels).unsqueeze(1).eq(
      at::arange(std::ssize(counts), at::TensorOptions(at::kLong)));
  return truth.to(at::kDouble) * 2 + normal(truth.sizes(), seed);
}

OperatingPoint point_of(const at::Tensor& reference, const std::vector<int64_t>& counts,
                        const std::vector<int64_t>& trained) {
  return {reference, {gaussian_data(counts, 2).labels, {}, false}, log_prior(trained)};
}

TEST(OperatingPoint, ALearnedPriorIsTakenBack) {
  const std::vector<int64_t> counts{400, 60, 9};
  const at::Tensor scores = noisy_scores(counts, 3);
  const OperatingPoint point = point_of(scores, counts, counts);
  for (const double change : {-1.5, -0.2, 0.7, 3.0}) {
    const at::Tensor changed = shifted(scores, change, point.prior);
    const double shift = point.shift(changed);
    EXPECT_NEAR(shift, -change, 0.1) << change;
    const at::Tensor other = shifted(changed, shift, point.prior).argmax(1).ne(scores.argmax(1));
    EXPECT_LE(other.sum().item<int64_t>(), 1) << change;
  }
}

TEST(OperatingPoint, AllNetworksPredictTheRareClassAsOftenAsTheReference) {
  const std::vector<int64_t> counts{300, 300, 300};
  const OperatingPoint point = point_of(noisy_scores(counts, 3), counts, {900, 90, 9});
  const at::Tensor other = shifted(noisy_scores(counts, 4), -1, point.prior);
  const auto rare = [](const at::Tensor& scores) {
    return scores.argmax(1).eq(2).sum().item<double>();
  };
  const double wanted = rare(point.reference);
  EXPECT_GT(rare(other), 1.3 * wanted);
  EXPECT_NEAR(rare(shifted(other, point.shift(other), point.prior)), wanted, 0.1 * wanted);
}

TEST(OperatingPoint, NoOtherShiftComesNearer) {
  const std::vector<int64_t> counts{50, 30, 11, 4};
  const OperatingPoint point = point_of(noisy_scores(counts, 3), counts, {90, 30, 30, 9});
  const at::Tensor shares = class_shares(point.targets.labels);
  const auto mean_prior = [&](const at::Tensor& scores) {
    return shares.dot(point.prior.index_select(0, scores.argmax(1))).item<double>();
  };
  for (uint64_t seed = 4; seed < 9; ++seed) {
    const at::Tensor other = noisy_scores(counts, seed).round();  // many samples move at once
    const auto gap = [&](double tau) {
      return std::abs(mean_prior(shifted(other, tau, point.prior)) - mean_prior(point.reference));
    };
    const double found = gap(point.shift(other));
    for (double tau = -4; tau < 4; tau += 0.0137) EXPECT_LE(found, gap(tau) + 1e-9) << tau;
  }
}

TEST(OperatingPoint, TheReferenceStaysAndBalancedDataHaveNone) {
  const at::Tensor reference = noisy_scores({40, 20}, 3);
  EXPECT_EQ(point_of(reference, {40, 20}, {40, 20}).shift(reference), 0);
  EXPECT_TRUE(point_of(reference, {40, 20}, {40, 20}).exists());
  EXPECT_FALSE(point_of(reference, {40, 20}, {7, 7}).exists());
}

TEST(OperatingPoint, NeedsSamplesOfOneClassEach) {
  const at::Tensor scores = noisy_scores({4, 4}, 3);
  const Targets none{at::tensor(std::vector<int64_t>{}), {}, false};
  EXPECT_FALSE((OperatingPoint{scores.slice(0, 0, 0), none, log_prior({3, 1})}.exists()));
  const Targets labels{gaussian_data({4, 4}, 2).labels, scores.gt(0), false};
  EXPECT_FALSE((OperatingPoint{scores, labels, log_prior({3, 1})}.exists()));
}

// Which samples a row of shares draws, as often as it does.
at::Tensor drawn(const at::Tensor& shares, const at::Tensor& labels) {
  const at::Tensor counts = at::round(shares / class_shares(labels)).to(at::kLong);
  return at::arange(labels.numel(), labels.options()).repeat_interleave(counts);
}

TEST(OperatingPoint, OfResampledSamplesIsThatOfSetsWithThem) {
  const std::vector<int64_t> counts{40, 20, 7};
  const OperatingPoint point = point_of(noisy_scores(counts, 3), counts, {90, 30, 9});
  const at::Tensor& labels = point.targets.labels;
  const at::Tensor other = noisy_scores(counts, 4);
  Random random(5);
  const at::Tensor shares = resampled_shares(labels, 20, random);
  const at::Tensor taus = point.shifts(other, shares);
  const at::Tensor recalls = recalls_at(taus, other, point.targets, point.prior, shares);
  EXPECT_GT(taus.std().item<double>(), 0.05) << "the shift depends on the samples";
  for (int64_t r = 0; r < shares.size(0); ++r) {
    const at::Tensor chosen = drawn(shares[r], labels);
    ASSERT_EQ(chosen.numel(), labels.numel());
    const Targets targets{labels.index_select(0, chosen), {}, false};
    const at::Tensor scores = other.index_select(0, chosen);
    const OperatingPoint own{point.reference.index_select(0, chosen), targets, point.prior};
    const double tau = own.shift(scores);
    EXPECT_NEAR(tau, taus[r].item<double>(), 1e-9);
    const std::vector<double> wanted =
        class_metrics(shifted(scores, tau, own.prior), targets).recall;
    for (size_t c = 0; c < counts.size(); ++c) {
      EXPECT_NEAR(recalls[r][static_cast<int64_t>(c)].item<double>(), wanted[c], 1e-9);
    }
  }
}

}  // namespace
}  // namespace ncprune
