#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "ncprune/data/targets.h"

namespace ncprune {

// Networks that predict the rare classes more often recognise more of them, at the cost of the
// others; that alone is no better network. Here they are judged with the reference's predicted
// shares of the classes: one number moves the decisions from common to rare classes or back, as a
// change of the class prior would (Menon et al. 2021, "Long-tail learning via logit adjustment").

// The logarithms of the classes' shares in the training samples `counts` [K], less their mean, as
// a row that is added to logits; double [K]. A class without samples counts as one sample.
at::Tensor log_prior(const std::vector<int64_t>& counts);

// The smallest tau in size with which scores + tau prior predict the classes as often as
// `reference` does, as nearly as possible: the mean prior of the predicted class, averaged over the
// samples of every class and then over classes, is that of the reference. It never falls when tau
// rises, so there is one answer, up to the samples' resolution. Scores [N, K] are logits of the
// same samples: validation data. None without samples, without a difference in `prior`, and for
// multi-label data, whose labels do not share one prior.
std::optional<double> common_shift(const at::Tensor& reference, const at::Tensor& scores,
                                   const Targets& targets, const at::Tensor& prior);

// `scores` [N, K] + tau `prior`.
at::Tensor shifted(const at::Tensor& scores, double tau, const at::Tensor& prior);

// The point at which networks are compared with a reference.
struct OperatingPoint {
  at::Tensor reference;  // its scores of the validation samples
  Targets targets;       // of these samples
  at::Tensor prior;      // log_prior() of the training samples

  struct Judged {
    double shift;       // common_shift()
    at::Tensor scores;  // of the test samples, shifted
  };
  // A network by its scores of the validation and of the test samples; none as common_shift().
  std::optional<Judged> judge(const at::Tensor& validation, const at::Tensor& test) const;
};

}  // namespace ncprune
