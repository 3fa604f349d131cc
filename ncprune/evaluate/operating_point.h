#pragma once

#include <cstdint>
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

// `scores` [N, K] + tau `prior`.
at::Tensor shifted(const at::Tensor& scores, double tau, const at::Tensor& prior);

// The point at which networks are compared with a reference.
struct OperatingPoint {
  at::Tensor reference;  // its scores [N, K], logits, of the validation samples
  Targets targets;       // of these samples
  at::Tensor prior;      // log_prior() of the training samples

  // Whether there is such a point: not without samples, without a difference in `prior`, or for
  // multi-label data, whose labels do not share one prior.
  bool exists() const;

  // The tau with which scores + tau prior predict the classes as often as the reference does, as
  // nearly as possible: the mean prior of the predicted class, averaged over the samples of every
  // class and then over classes, is that of the reference. It never falls when tau rises and moves
  // in steps, so a range of tau answers: 0 if it is in the range, or else its middle.
  // `scores` [N, K] are those of the same samples. REQUIRES: exists().
  double shift(const at::Tensor& scores) const;

  // shift() for samples that count by each row of `weights`, double [R, N], which sum to 1 for
  // every class as those of resampled_shares() (bootstrap.h) do: double [R]. It tells how far the
  // answer depends on the samples: a class with few of them leaves it uncertain.
  at::Tensor shifts(const at::Tensor& scores, const at::Tensor& weights) const;
};

// The recall of each class at tau = shifts[r], for samples that count by row r of `weights`, double
// [R, N] as above: double [R, K]; NaN for classes without samples. `scores` [N, K] of samples with
// one label each. Time: N K to find for which tau a sample is recognised, then R N.
at::Tensor recalls_at(const at::Tensor& shifts, const at::Tensor& scores, const Targets& targets,
                      const at::Tensor& prior, const at::Tensor& weights);

}  // namespace ncprune
