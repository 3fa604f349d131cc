#pragma once

#include "ncprune/base/tensor.h"

namespace ncprune {

// Adds up X^T X over batches X [B, d] of float: the products in float, the sum in double. Only the
// blocks on and above the diagonal are computed, slightly over d^2 / 2 multiply-adds per sample.
class GramSum {
 public:
  void add(const at::Tensor& batch);

  // The sum over the batches of all processes (world.h), [d, d], exactly symmetric and in main
  // memory; undefined without a batch. The next batch starts a new sum.
  at::Tensor take();

 private:
  at::Tensor upper_;  // [d, d], double; INVARIANT: right on and above the diagonal
};

}  // namespace ncprune
