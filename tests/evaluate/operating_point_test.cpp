#include "ncprune/evaluate/operating_point.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

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

TEST(OperatingPoint, ALearnedPriorIsTakenBack) {
  const std::vector<int64_t> counts{400, 60, 9};
  const at::Tensor prior = log_prior(counts);
  const Targets targets{gaussian_data(counts, 2).labels, {}, false};
  const at::Tensor scores = noisy_scores(counts, 3);
  for (const double change : {-1.5, -0.2, 0.7, 3.0}) {
    const std::optional<double> tau =
        common_shift(scores, shifted(scores, change, prior), targets, prior);
    ASSERT_TRUE(tau);
    EXPECT_NEAR(*tau, -change, 0.1) << change;
    const at::Tensor judged = shifted(scores, change + *tau, prior).argmax(1);
    EXPECT_LE(judged.ne(scores.argmax(1)).sum().item<int64_t>(), 1) << change;
  }
}

TEST(OperatingPoint, AllNetworksPredictTheRareClassAsOftenAsTheReference) {
  const std::vector<int64_t> counts{300, 300, 300};
  const at::Tensor prior = log_prior({900, 90, 9});
  const Targets targets{gaussian_data(counts, 2).labels, {}, false};
  const at::Tensor reference = noisy_scores(counts, 3);
  const at::Tensor other = shifted(noisy_scores(counts, 4), -1, prior);
  const std::optional<double> tau = common_shift(reference, other, targets, prior);
  ASSERT_TRUE(tau);
  const auto rare = [](const at::Tensor& scores) {
    return scores.argmax(1).eq(2).sum().item<double>();
  };
  EXPECT_GT(rare(other), 1.3 * rare(reference));
  EXPECT_NEAR(rare(shifted(other, *tau, prior)), rare(reference), 0.1 * rare(reference));
}

TEST(OperatingPoint, TheReferenceStaysAndBalancedDataHaveNone) {
  const std::vector<int64_t> counts{40, 20};
  const Targets targets{gaussian_data(counts, 2).labels, {}, false};
  const at::Tensor reference = noisy_scores(counts, 3);
  const at::Tensor other = noisy_scores(counts, 4);
  EXPECT_EQ(common_shift(reference, reference, targets, log_prior(counts)), 0);
  EXPECT_FALSE(common_shift(reference, other, targets, log_prior({7, 7})));
}

TEST(OperatingPoint, NeedsSamplesOfOneClassEach) {
  const at::Tensor scores = noisy_scores({4, 4}, 3);
  const Targets none{at::tensor(std::vector<int64_t>{}), {}, false};
  EXPECT_FALSE(common_shift(scores, scores, none, log_prior({3, 1})));
  const Targets labels{gaussian_data({4, 4}, 2).labels, scores.gt(0), false};
  EXPECT_FALSE(common_shift(scores, scores, labels, log_prior({3, 1})));
}

}  // namespace
}  // namespace ncprune
