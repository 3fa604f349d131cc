// Probabilities and losses of class scores, against sums written out.
#include "ncprune/model/class_loss.h"

#include <ATen/ops/bmm.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "tests/numbers.h"

namespace ncprune {
namespace {

constexpr int64_t kSamples = 3;
constexpr int64_t kScores = 4;

at::Tensor some_logits(double shift) {
  return (at::arange(kSamples * kScores, at::kDouble).mul(1.7).sin() * 3 + shift)
      .view({kSamples, kScores});
}

Targets exclusive() {
  return {at::tensor({2, 0, 3}, at::kLong)};
}

Targets several() {
  const at::Tensor sets =
      at::tensor({1, 0, 1, 0, 0, 0, 0, 0, 1, 1, 1, 1}, at::kLong).view({kSamples, kScores});
  return {at::tensor({2, 4, 0}, at::kLong), sets.to(at::kBool), true};
}

double number(const at::Tensor& values, int64_t i, int64_t k) {
  return values[i][k].item<double>();
}

double sigmoid(double z) {
  return 1 / (1 + std::exp(-z));
}

double share(const at::Tensor& z, int64_t i, int64_t k) {
  double sum = 0;
  for (int64_t j = 0; j < kScores; ++j) sum += std::exp(number(z, i, j));
  return std::exp(number(z, i, k)) / sum;
}

double kl(double q, double p) {
  return q * std::log(q / p);
}

TEST(ClassLoss, IsTheCrossEntropyOrTheSumOverLabels) {
  const at::Tensor z = some_logits(0.2);
  const at::Tensor one = class_losses(z, exclusive());
  const at::Tensor all = class_losses(z, several());
  for (int64_t i = 0; i < kSamples; ++i) {
    const auto label = exclusive().labels[i].item<int64_t>();
    EXPECT_NEAR(one[i].item<double>(), -std::log(share(z, i, label)), 1e-12);
    double wanted = 0;
    for (int64_t k = 0; k < kScores; ++k) {
      const double p = sigmoid(number(z, i, k));
      wanted -= std::log(several().label_sets[i][k].item<bool>() ? p : 1 - p);
    }
    EXPECT_NEAR(all[i].item<double>(), wanted, 1e-12);
  }
}

TEST(ClassLoss, DerivativesAreThoseOfTheLoss) {
  for (const Targets& targets : {exclusive(), several()}) {
    const at::Tensor z = some_logits(0.2).requires_grad_();
    const at::Tensor wanted = torch::autograd::grad({class_losses(z, targets).sum()}, {z}).front();
    EXPECT_TRUE(losses_by_logits(z, targets).allclose(wanted, 1e-10, 1e-12));
  }
}

TEST(ClassLoss, RootTimesSignsHasTheHessianAsSecondMoment) {
  for (const Targets& targets : {exclusive(), several()}) {
    const Labelling labelling = labelling_of(targets);
    const at::Tensor z = some_logits(-0.3);
    const at::Tensor p = probabilities(z, labelling);
    // The mean over all signs.
    at::Tensor sum = at::zeros({kSamples, kScores, kScores}, at::kDouble);
    constexpr int64_t kAll = int64_t{1} << kScores;
    for (int64_t code = 0; code < kAll; ++code) {
      std::vector<double> signs;
      for (int64_t k = 0; k < kScores; ++k) signs.push_back((code >> k) % 2 == 0 ? -1 : 1);
      const at::Tensor r = at::tensor(signs, at::kDouble).expand({kSamples, kScores});
      const at::Tensor moved = hessian_root_times(p, r, labelling).unsqueeze(2);
      sum += at::bmm(moved, moved.transpose(1, 2));
    }
    for (int64_t i = 0; i < kSamples; ++i) {
      for (int64_t k = 0; k < kScores; ++k) {
        for (int64_t j = 0; j < kScores; ++j) {
          const double own = number(p, i, k);
          const double both = labelling == Labelling::kMultiLabel ? (k == j ? own * own : 0)
                                                                  : own * number(p, i, j);
          EXPECT_NEAR(number(sum[i], k, j) / kAll, (k == j ? own : 0) - both, 1e-12);
        }
      }
    }
  }
}

TEST(ClassLoss, RootTimesAnySignsIsTheHessianBetweenTwoLikelyClasses) {
  // The other classes have no probability, or one that rounding takes for none.
  const at::Tensor p = at::tensor({0.7, 0.0, 0.3, 1e-40}, at::kDouble).to(at::kFloat).view({1, 4});
  for (const double sign : {1.0, -1.0}) {
    const at::Tensor r = at::tensor({1.0, -1.0, sign, sign}, at::kFloat).view({1, 4});
    const at::Tensor moved = hessian_root_times(p, r, Labelling::kExclusive).to(at::kDouble);
    for (int64_t k = 0; k < 4; ++k) {
      for (int64_t j = 0; j < 4; ++j) {
        const double wanted = (k == j ? number(p, 0, k) : 0) - number(p, 0, k) * number(p, 0, j);
        EXPECT_NEAR(number(moved, 0, k) * number(moved, 0, j), wanted, 1e-6);
      }
    }
  }
}

TEST(ClassLoss, DivergencesAreSumsOverAnswers) {
  const at::Tensor z = some_logits(0);
  const at::Tensor other = some_logits(0.4).flip(1);
  const at::Tensor one = divergences(z, other, Labelling::kExclusive);
  const at::Tensor all = divergences(z, other, Labelling::kMultiLabel);
  for (int64_t i = 0; i < kSamples; ++i) {
    double exclusive_sum = 0;
    double label_sum = 0;
    for (int64_t k = 0; k < kScores; ++k) {
      exclusive_sum += kl(share(z, i, k), share(other, i, k));
      const double q = sigmoid(number(z, i, k));
      const double p = sigmoid(number(other, i, k));
      label_sum += kl(q, p) + kl(1 - q, 1 - p);
    }
    EXPECT_NEAR(one[i].item<double>(), exclusive_sum, 1e-12);
    EXPECT_NEAR(all[i].item<double>(), label_sum, 1e-12);
  }
  const at::Tensor sure = at::tensor({200.0, -200.0}, at::kDouble).view({1, 2});
  EXPECT_TRUE(divergences(sure, -sure, Labelling::kMultiLabel).isfinite().all().item<bool>());
}

}  // namespace
}  // namespace ncprune
