#pragma once

#include "ncprune/base/tensor.h"

namespace ncprune {

// Whether so few of the elements of `left` (float) are not zero that sparse_product beats a dense
// product.
bool is_sparse(const at::Tensor& left);

// left [m, d] times right [d, n], float, both contiguous; time goes by what of `left` is not zero.
// Rows of the result are computed in parallel, each in one order: the same bits for any number of
// threads.
at::Tensor sparse_product(const at::Tensor& left, const at::Tensor& right);

}  // namespace ncprune
