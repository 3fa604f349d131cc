#pragma once

#include "ncprune/data/targets.h"

namespace ncprune {

// How the class scores of a network become probabilities, and their distance from what is true.
// One class per sample: the softmax over K scores. Multi-label data (targets.h): for each of L
// scores z the sigmoid, the probability that the sample has the label.

// Whether classes exclude each other.
enum class Labelling { kExclusive, kMultiLabel };
Labelling labelling_of(const Targets& targets);

// The loss of each sample, in nats; [N]. One class per sample: the cross-entropy. Multi-label: the
// sum over labels of the binary cross-entropies. Autograd can follow it; logits [N, K] or [N, L].
at::Tensor class_losses(const at::Tensor& logits, const Targets& targets);

// The derivatives of class_losses() by the logits, like `logits`, without their autograd graph.
at::Tensor losses_by_logits(const at::Tensor& logits, const Targets& targets);

// The probabilities of logits [N, K].
at::Tensor probabilities(const at::Tensor& logits, Labelling labelling);

// The Kullback-Leibler divergence of the probabilities of logits `p` from those of `q`,
// KL(q || p) >= 0, in nats; for several labels their sum. [N] for logits [N, K] each.
at::Tensor divergences(const at::Tensor& q, const at::Tensor& p, Labelling labelling);

// M r for signs r of every sample [N, K], where M M^T is the Hessian of class_losses() by the
// logits, for the probabilities p [N, K]: diag(p) - p p^T, or diag(p (1 - p)) for several labels.
// For one class per sample M is the Cholesky factor, in closed form (Tanabe and Sagae 1992), with
// the likeliest class first: most of the Hessian then lies in one column, and M r for a single
// random r says more than with the factor diag(sqrt p) - p sqrt(p)^T.
at::Tensor hessian_root_times(const at::Tensor& p, const at::Tensor& signs, Labelling labelling);

// One minus the probability that two draws from p [N, K] agree, summed over labels for several;
// [N].
at::Tensor undecidedness(const at::Tensor& p, Labelling labelling);

}  // namespace ncprune
