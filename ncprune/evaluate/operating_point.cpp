#include "ncprune/evaluate/operating_point.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <limits>

#include "ncprune/base/no_value.h"
#include "ncprune/evaluate/bootstrap.h"

namespace ncprune {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// The prior of the class that each of N samples is predicted as, as tau rises: that of the upper
// envelope of the lines score_k + tau prior_k, whose slopes are the priors.
struct Decisions {
  at::Tensor first;  // double [N], before the first step
  // Every step of every sample, M in all, in ascending order of tau.
  at::Tensor tau;     // double [M], where the step is
  at::Tensor sample;  // int64 [M], whose prediction changes
  at::Tensor rise;    // double [M], by which the prior of the predicted class grows
};

Decisions decisions_of(const at::Tensor& scores, const at::Tensor& prior) {
  const at::Tensor all = scores.to(at::kDouble);
  // For the least tau the class with the least prior wins, and the best among such classes.
  at::Tensor current = all.masked_fill(prior.ne(prior.min()), -kInfinity).argmax(1);
  Decisions result{prior.index_select(0, current), {}, {}, {}};
  at::Tensor moving = at::ones({all.size(0)}, at::TensorOptions(at::kBool)).nonzero().squeeze(1);
  std::vector<at::Tensor> taus;
  std::vector<at::Tensor> samples;
  std::vector<at::Tensor> rises;
  while (moving.numel() > 0) {
    const at::Tensor own = all.index_select(0, moving);
    const at::Tensor rise = prior - prior.index_select(0, current).unsqueeze(1);
    const at::Tensor behind = own.gather(1, current.unsqueeze(1)) - own;
    const auto [tau, next] = at::where(rise.gt(0), behind / rise, kInfinity).min(1);
    const at::Tensor moved = tau.isfinite().nonzero().squeeze(1);
    moving = moving.index_select(0, moved);
    current = next.index_select(0, moved);
    taus.push_back(tau.index_select(0, moved));
    samples.push_back(moving);
    rises.push_back(rise.index_select(0, moved).gather(1, current.unsqueeze(1)).squeeze(1));
  }
  const auto [sorted, order] = at::cat(taus).sort();
  result.tau = sorted;
  result.sample = at::cat(samples).index_select(0, order);
  result.rise = at::cat(rises).index_select(0, order);
  return result;
}

// The middle of (low, high), either of which may be infinite; 0 if it is within.
double answer_within(double low, double high) {
  if (low < 0 && high > 0) return 0;
  if (std::isinf(low)) return high - 1;
  return std::isinf(high) ? low + 1 : (low + high) / 2;
}

// The tau at which the prior of the predicted class, summed over samples that count by `weights`,
// double [N], is nearest to `wanted`.
double crossing(const Decisions& decisions, const at::Tensor& weights, double wanted) {
  const at::Tensor gains = decisions.rise * weights.index_select(0, decisions.sample);
  const std::span<double> gain = elements<double>(gains);
  const std::span<double> tau = elements<double>(decisions.tau);
  double sum = decisions.first.dot(weights).item<double>();
  double low = -kInfinity;  // since which tau the sum holds
  double answer = 0;
  double nearest = kInfinity;
  const auto consider = [&](double high) {
    const double gap = std::abs(sum - wanted);
    if (high <= low || gap >= nearest) return;
    nearest = gap;
    answer = answer_within(low, high);
  };
  for (size_t i = 0; i < gain.size(); ++i) {
    if (gain[i] == 0) continue;  // the sample is not there
    consider(tau[i]);
    sum += gain[i];
    low = tau[i];
  }
  consider(kInfinity);
  return answer;
}

}  // namespace

at::Tensor log_prior(const std::vector<int64_t>& counts) {
  const at::Tensor logs = at::tensor(counts).clamp_min(1).to(at::kDouble).log();
  return logs - logs.mean();
}

at::Tensor shifted(const at::Tensor& scores, double tau, const at::Tensor& prior) {
  return scores.to(at::kDouble) + tau * prior;
}

bool OperatingPoint::exists() const {
  const bool alike = prior.eq(prior[0]).all().item<bool>();
  return !targets.multi_label() && targets.labels.numel() > 0 && !alike;
}

double OperatingPoint::shift(const at::Tensor& scores) const {
  return shifts(scores, class_shares(targets.labels).unsqueeze(0)).item<double>();
}

at::Tensor OperatingPoint::shifts(const at::Tensor& scores, const at::Tensor& weights) const {
  const Decisions decisions = decisions_of(scores, prior);
  at::Tensor result = weights.mv(prior.index_select(0, reference.argmax(1)));
  int64_t r = 0;
  for (double& value : elements<double>(result)) {
    value = crossing(decisions, weights.select(0, r++), value);
  }
  return result;
}

at::Tensor recalls_at(const at::Tensor& shifts, const at::Tensor& scores, const Targets& targets,
                      const at::Tensor& prior, const at::Tensor& weights) {
  // The label's line score + tau prior is above that of class k from some tau on if its slope is
  // larger, and up to some tau if it is smaller.
  const at::Tensor all = scores.to(at::kDouble);
  const at::Tensor labels = targets.labels.unsqueeze(1);
  const at::Tensor ahead = all.gather(1, labels) - all;
  const at::Tensor slope = prior - prior.index_select(0, targets.labels).unsqueeze(1);
  const at::Tensor other = at::arange(prior.numel(), labels.options()).ne(labels);
  const at::Tensor from = at::where(slope.lt(0), ahead / slope, -kInfinity).amax(1);
  const at::Tensor until = at::where(slope.gt(0), ahead / slope, kInfinity).amin(1);
  const at::Tensor beaten = (slope.eq(0) & other & ahead.le(0)).any(1);
  const at::Tensor tau = shifts.unsqueeze(1);
  const at::Tensor right = tau.gt(from) & tau.lt(until) & ~beaten;  // [R, N]
  const at::Tensor absent = targets.labels.bincount({}, prior.numel()).eq(0);
  return at::zeros({shifts.numel(), prior.numel()}, weights.options())
      .index_add_(1, targets.labels, weights * right)
      .masked_fill_(absent, kNoValue);
}

}  // namespace ncprune
