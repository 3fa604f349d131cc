#include "ncprune/evaluate/operating_point.h"

#include <ATen/ops/tensor.h>

#include <cmath>

namespace ncprune {
namespace {

// The mean prior of the predicted class; every class of the samples counts alike.
double mean_prior(const at::Tensor& scores, const at::Tensor& labels, const at::Tensor& prior) {
  const at::Tensor own = prior.index_select(0, scores.argmax(1));
  const at::Tensor counts = labels.bincount({}, prior.numel());
  const at::Tensor weights = counts.index_select(0, labels).to(at::kDouble).reciprocal();
  return (own * weights).sum().item<double>() / counts.gt(0).sum().item<double>();
}

}  // namespace

at::Tensor log_prior(const std::vector<int64_t>& counts) {
  const at::Tensor logs = at::tensor(counts).clamp_min(1).to(at::kDouble).log();
  return logs - logs.mean();
}

at::Tensor shifted(const at::Tensor& scores, double tau, const at::Tensor& prior) {
  return scores.to(at::kDouble) + tau * prior;
}

std::optional<double> common_shift(const at::Tensor& reference, const at::Tensor& scores,
                                   const Targets& targets, const at::Tensor& prior) {
  constexpr double kFarthest = 1e6;
  constexpr double kPrecision = 1e-4;
  const at::Tensor& labels = targets.labels;
  const bool alike = prior.eq(prior[0]).all().item<bool>();
  if (targets.multi_label() || labels.numel() == 0 || alike) return std::nullopt;
  const double wanted = mean_prior(reference, labels, prior);
  const auto gap = [&](double tau) {
    return mean_prior(shifted(scores, tau, prior), labels, prior) - wanted;
  };
  const double start = gap(0);
  if (start == 0) return 0;
  // The crossing is between `near`, on the side of 0, and `far`.
  const double side = start < 0 ? 1 : -1;
  const auto crossed = [&](double tau) { return side * gap(tau) >= 0; };
  double near = 0;
  double far = side;
  while (!crossed(far) && std::abs(far) < kFarthest) {
    near = far;
    far *= 2;
  }
  while (std::abs(far - near) > kPrecision * std::max(1.0, std::abs(near))) {
    const double middle = (near + far) / 2;
    (crossed(middle) ? far : near) = middle;
  }
  return std::abs(gap(near)) <= std::abs(gap(far)) ? near : far;
}

std::optional<OperatingPoint::Judged> OperatingPoint::judge(const at::Tensor& validation,
                                                            const at::Tensor& test) const {
  const std::optional<double> tau = common_shift(reference, validation, targets, prior);
  if (!tau) return std::nullopt;
  return Judged{*tau, shifted(test, *tau, prior)};
}

}  // namespace ncprune
