#include "ncprune/base/sparse_product.h"

#include <ATen/Parallel.h>
#include <ATen/ops/zeros.h>

namespace ncprune {

bool is_sparse(const at::Tensor& left) {
  constexpr double kSparse = 0.1;  // below this share, plain loops beat a dense product
  const auto nonzero = static_cast<double>(left.count_nonzero().item<int64_t>());
  return nonzero < kSparse * static_cast<double>(left.numel());
}

at::Tensor sparse_product(const at::Tensor& left, const at::Tensor& right) {
  at::Tensor product = at::zeros({left.size(0), right.size(1)}, right.options());
  const auto d = static_cast<size_t>(left.size(1));
  const auto n = static_cast<size_t>(right.size(1));
  const auto factors = elements<float>(left);
  const auto in = elements<float>(right);
  const auto out = elements<float>(product);
  at::parallel_for(0, left.size(0), 8, [&](int64_t begin, int64_t end) {
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) {
      float* const row = &out[i * n];
      for (size_t j = 0; j < d; ++j) {
        const float factor = factors[i * d + j];
        if (factor == 0) continue;
        const float* const from = &in[j * n];
        for (size_t k = 0; k < n; ++k) row[k] += factor * from[k];
      }
    }
  });
  return product;
}

}  // namespace ncprune
