#pragma once

#include "ncprune/base/tensor.h"

namespace ncprune {

// The class and the weight of each of B rows, on the device of the rows.
struct ClassRows {
  at::Tensor labels;  // int64 [B], in [0, K)
  int64_t num_classes;
  at::Tensor factors;  // double [B]; undefined: all 1
};

// The sum of the rows of `values` [B, d], float or double, over each class; double [K, d]. Reads
// the values once. In main memory rows are added in their order, so that the bits do not depend on
// the number of threads.
at::Tensor class_sums(const at::Tensor& values, const ClassRows& rows);

}  // namespace ncprune
