#include "ncprune/stats/gram_sum.h"

#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <utility>

namespace ncprune {
namespace {

// Columns wide enough for products at full speed, narrow enough to waste little below the diagonal.
template <typename Visit>
void for_each_block(int64_t d, Visit visit) {
  constexpr int64_t kBlock = 192;
  for (int64_t begin = 0; begin < d; begin += kBlock) visit(begin, std::min(begin + kBlock, d));
}

}  // namespace

void GramSum::add(const at::Tensor& batch) {
  const int64_t d = batch.size(1);
  if (!upper_.defined()) upper_ = at::zeros({d, d}, at::TensorOptions(at::kDouble));
  for_each_block(d, [&](int64_t begin, int64_t end) {
    upper_.slice(0, 0, end)
        .slice(1, begin, end)
        .add_(at::matmul(batch.slice(1, 0, end).t(), batch.slice(1, begin, end)));
  });
}

at::Tensor GramSum::take() {
  if (!upper_.defined()) return {};
  at::Tensor total = std::exchange(upper_, {});
  // In place: of a wide layer a second [d, d] would be the largest thing in memory.
  for_each_block(total.size(0), [&](int64_t begin, int64_t end) {
    const at::Tensor rows = total.slice(0, begin, end);
    rows.slice(1, 0, begin).copy_(total.slice(0, 0, begin).slice(1, begin, end).t());
    const at::Tensor corner = rows.slice(1, begin, end);
    corner.copy_(corner.triu() + corner.triu(1).t());
  });
  return total;
}

}  // namespace ncprune
