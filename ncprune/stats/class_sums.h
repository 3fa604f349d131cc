#pragma once

#include "ncprune/base/tensor.h"

namespace ncprune {

// Which class each of B rows belongs to, and what it counts for; on the device of the rows.
struct ClassRows {
  at::Tensor labels;  // int64 [B], in [0, K)
  int64_t num_classes;
  at::Tensor factors;  // double [B]; undefined: all 1
};

// The sum over each class of the rows of `values` [B, d], float or double; double [K, d]. One read
// of the values; in main memory added in their order, the same bits for any number of threads.
at::Tensor class_sums(const at::Tensor& values, const ClassRows& rows);

}  // namespace ncprune
