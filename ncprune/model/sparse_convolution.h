#pragma once

#include "ncprune/base/tensor.h"
#include "ncprune/model/windows.h"

namespace ncprune {

struct SparseConvolution {
  at::Tensor x;       // [N, C, H, W]
  at::Tensor weight;  // [M, C / groups, kH, kW], of which few elements are not zero
  at::Tensor bias;    // [M], or undefined
  Windows windows;    // over two axes, with the same pads on both sides
  int64_t groups;     // divide C and M
  // Done to the result while it is written.
  at::Tensor summand = {};  // [N, M, positions...], added to it; or undefined
  bool rectified = false;   // then negative numbers become 0 (ReLU)
};

struct SparseResult {
  at::Tensor y;  // [N, M, positions...]
  // [N, C, H, W], the values of `x` for other readers: the gradient that these give is added while
  // the convolution computes its own gradient by `x`.
  at::Tensor x;
};

// Whether sparse_convolution() can compute it and beats a dense convolution: float, in main memory,
// at least 16 samples, and few weights left.
bool is_sparse(const SparseConvolution& convolution);

// The convolution, in a time proportional to the number of weights that are not zero. Autograd
// records it; THE GRADIENT BY A WEIGHT THAT IS ZERO IS GIVEN AS ZERO. The samples of a value lie
// side by side in the result, and a value that comes in this order costs no copy. Each number is
// summed in a fixed order, so that the result is the same to the bit for any number of threads.
SparseResult sparse_convolution(const SparseConvolution& convolution);

}  // namespace ncprune
