#pragma once

#include "ncprune/base/tensor.h"

namespace ncprune {

struct BatchNormInputs {
  at::Tensor x;         // [B, C, ...]: this process's part of the batch
  at::Tensor scale;     // [C]
  at::Tensor bias;      // [C]
  at::Tensor mean;      // [C]: running, changed in place
  at::Tensor variance;  // [C]: likewise; of n values divided by n - 1
};

struct BatchNormOptions {
  double momentum;  // share of the batch's statistics in the running ones
  double epsilon;
};

// BatchNormalization in training over a batch that all processes (world.h) share: mean and variance
// are the whole batch's, in the derivatives too. Derivatives by scale and bias are of this part
// alone: summed over the processes they are the batch's. 2 C + 1 numbers are added up each way.
// Autograd follows.
at::Tensor shared_batch_norm(const BatchNormInputs& inputs, const BatchNormOptions& options);

}  // namespace ncprune
