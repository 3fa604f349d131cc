#include "ncprune/train/loss.h"

#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/log.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/scatter_add.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <algorithm>

#include "ncprune/base/device.h"
#include "ncprune/base/error.h"
#include "ncprune/base/lookup.h"

namespace ncprune {
namespace {

at::Tensor mean_cross_entropy(const at::Tensor& logits, const at::Tensor& labels) {
  return at::cross_entropy_loss(logits, labels);
}

at::Tensor mean_loss(const at::Tensor& logits, const Targets& targets) {
  return targets.multi_label() ? class_losses(logits, targets).mean()
                               : mean_cross_entropy(logits, targets.labels);
}

// LibTorch's mean divides by the sum of the batch's weights; this one divides by the number of
// samples, so that a batch of rare samples has more weight.
at::Tensor weighted_loss(const at::Tensor& logits, const Targets& targets,
                         const at::Tensor& weights) {
  const at::Tensor sum =
      targets.multi_label()
          ? (class_losses(logits, targets) * weights.index_select(0, targets.labels)).sum()
          : at::cross_entropy_loss(logits, targets.labels, weights, at::Reduction::Sum);
  return sum / static_cast<double>(targets.labels.size(0));
}

at::Tensor inverse_frequency(const at::Tensor& counts) {
  return weights_of_mean_one(counts.reciprocal(), counts);
}

// 1 / effective number of samples, (1 - beta^n) / (1 - beta).
at::Tensor inverse_effective_number(const at::Tensor& counts) {
  constexpr double kBeta = 0.9999;
  return weights_of_mean_one((1 - at::pow(kBeta, counts)).reciprocal(), counts);
}

LossFunction cross_entropy(const at::Tensor&) {
  return [](const at::Tensor& logits, const Targets& targets, double) {
    return mean_loss(logits, targets);
  };
}

LossFunction weighted(const at::Tensor& weights) {
  return [weights](const at::Tensor& logits, const Targets& targets, double) {
    return weighted_loss(logits, targets, weights);
  };
}

LossFunction class_weighted(const at::Tensor& counts) {
  return weighted(inverse_frequency(counts));
}

LossFunction class_balanced(const at::Tensor& counts) {
  return weighted(inverse_effective_number(counts));
}

LossFunction focal(const at::Tensor&) {
  return [](const at::Tensor& logits, const Targets& targets, double) {
    const at::Tensor loss = class_losses(logits, targets);
    return ((1 - (-loss).exp()).square() * loss).mean();
  };
}

// Adds log n_c to the logits, so that the network itself does not learn the class frequencies.
LossFunction prior_adjusted(const at::Tensor& counts) {
  const at::Tensor log_prior = (counts / counts.sum()).log().to(at::kFloat);
  return [log_prior](const at::Tensor& logits, const Targets& targets, double) {
    return mean_cross_entropy(logits + log_prior, targets.labels);
  };
}

LossFunction ldam_drw(const at::Tensor& counts) {
  constexpr double kLargestMargin = 0.5;
  constexpr double kScale = 30;
  constexpr double kDeferred = 0.8;
  at::Tensor margins = counts.pow(-0.25);
  margins = (margins * (kLargestMargin / margins.max())).to(at::kFloat);
  const at::Tensor weights = inverse_effective_number(counts);
  return [margins, weights](const at::Tensor& logits, const Targets& targets, double progress) {
    const at::Tensor own = -margins.index_select(0, targets.labels).unsqueeze(1);
    const at::Tensor scores = kScale * logits.scatter_add(1, targets.labels.unsqueeze(1), own);
    return progress < kDeferred ? mean_loss(scores, targets)
                                : weighted_loss(scores, targets, weights);
  };
}

}  // namespace

at::Tensor weights_of_mean_one(const at::Tensor& weights, const at::Tensor& counts) {
  return (weights * (counts.sum() / (weights * counts).sum())).to(at::kFloat);
}

const std::vector<Loss>& losses() {
  constexpr const char* kOneClass = "its softmax runs over classes of which a sample has one";
  static const std::vector<Loss> table{
      {"balanced-softmax", "softmax over the logits plus log n_c", "Ren et al. 2020",
       prior_adjusted, "", kOneClass},
      {"class-balanced", "weights 1 / effective number of samples, beta 0.9999", "Cui et al. 2019",
       class_balanced},
      {"class-weighted", "weights 1 / n_c", "King, Zeng 2001", class_weighted},
      {"cross-entropy", "every sample counts the same", "", cross_entropy},
      {"focal", "samples weighted by (1 - p)^2, p the label's probability", "Lin et al. 2017",
       focal, "p is the probability of a single label", "p is the probability of a single label"},
      {"ldam-drw",
       "margins proportional to n_c^-1/4, the largest 0.5, logits times 30; class-balanced "
       "weights "
       "in the last 20 %, without the paper's normalised classifier",
       "Cao et al. 2019", ldam_drw, "the margin is subtracted from the logit of a single label",
       kOneClass},
      {"logit-adjusted", "logits plus tau log prior; equals balanced-softmax for its tau of 1",
       "Menon et al. 2021", prior_adjusted, "", kOneClass}};
  return table;
}

LossFunction make_loss(std::string_view name, const std::vector<int64_t>& counts,
                       Labelling labelling) {
  const Loss& loss = find_named(losses(), name, "loss");
  if (labelling == Labelling::kMultiLabel && !loss.exclusive.empty()) {
    throw InputError(
        fmt::format("loss '{}' is not for samples with several labels: {}", name, loss.exclusive));
  }
  const std::vector<double> doubles(counts.begin(), counts.end());
  return loss.make(at::tensor(doubles, at::kDouble).clamp_min(1).to(compute_device()));
}

}  // namespace ncprune
