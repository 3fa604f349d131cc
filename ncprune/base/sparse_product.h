#pragma once

#include "ncprune/base/tensor.h"

namespace ncprune {

// Whether `left` (float) has so few nonzero elements that sparse_product() beats a dense product.
bool is_sparse(const at::Tensor& left);

// left [m, d] times right [d, n], float, both contiguous; the time is proportional to the number of
// nonzero elements of `left`. Rows of the result are computed in parallel, each in a fixed order,
// so that the result is the same to the bit for any number of threads.
at::Tensor sparse_product(const at::Tensor& left, const at::Tensor& right);

}  // namespace ncprune
