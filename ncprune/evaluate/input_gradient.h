#pragma once

#include "ncprune/model/network.h"

namespace ncprune {

// The class scores of a few raw samples, with derivatives by the samples.
class InputGradient {
 public:
  // Raw samples [B, ...]. Throws InputError when no gradient reaches them.
  InputGradient(const Network& network, const at::Tensor& raw);

  const at::Tensor& logits() const { return logits_; }  // [B, K], detached

  // d(sum_k weights_k logits_k)/d(raw) of each sample, [B, ...]; weights [B, K].
  at::Tensor by(const at::Tensor& weights) const;

 private:
  at::Tensor raw_;
  at::Tensor tracked_;  // logits with the autograd graph
  at::Tensor logits_;
};

}  // namespace ncprune
