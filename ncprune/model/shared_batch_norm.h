#pragma once

#include "ncprune/base/tensor.h"

namespace ncprune {

struct BatchNormInputs {
  at::Tensor x;         // [B, C, ...]: this process's part of the batch
  at::Tensor scale;     // [C]
  at::Tensor bias;      // [C]
  at::Tensor mean;      // [C]: running mean, changed in place
  at::Tensor variance;  // [C]: running variance, changed in place; divides by n - 1
};

struct BatchNormOptions {
  double momentum;  // weight of the batch in the running statistics
  double epsilon;
};

// BatchNormalization in training over a batch that all processes (world.h) share: mean and variance
// are those of the whole batch, also in the derivatives. The derivatives by scale and bias are
// those of this part; their sum over the processes is that of the batch. 2 C + 1 numbers are summed
// in each direction. Autograd records it.
at::Tensor shared_batch_norm(const BatchNormInputs& inputs, const BatchNormOptions& options);

}  // namespace ncprune
