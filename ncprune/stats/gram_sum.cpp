#include "ncprune/stats/gram_sum.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "ncprune/distributed/world.h"

namespace ncprune {
namespace {

// Columns wide enough for products at full speed, narrow enough to waste little below the diagonal.
template <typename Visit>
void for_each_block(int64_t d, Visit visit) {
  constexpr int64_t kBlock = 192;
  for (int64_t begin = 0; begin < d; begin += kBlock) visit(begin, std::min(begin + kBlock, d));
}

// The sum over all processes of a matrix valid on and above the diagonal: only half is sent.
at::Tensor over_world(at::Tensor upper) {
  if (upper.defined()) upper = upper.cpu();
  if (world_size() == 1) return upper;
  std::vector<at::Tensor> parts;
  const auto block = [](const at::Tensor& matrix, int64_t begin, int64_t end) {
    return matrix.slice(0, 0, end).slice(1, begin, end);
  };
  if (upper.defined()) {
    for_each_block(upper.size(0), [&](int64_t begin, int64_t end) {
      parts.push_back(block(upper, begin, end).flatten());
    });
  }
  const at::Tensor sizes = largest_found(at::tensor({upper.defined() ? upper.size(0) : 0}));
  const at::Tensor sum = sum_found(parts.empty() ? at::Tensor() : at::cat(parts));
  if (!sum.defined()) return {};
  const int64_t d = sizes.item<int64_t>();
  if (!upper.defined()) upper = at::zeros({d, d}, sum.options());
  int64_t next = 0;
  for_each_block(d, [&](int64_t begin, int64_t end) {
    const at::Tensor to = block(upper, begin, end);
    to.copy_(sum.slice(0, next, next + to.numel()).view(to.sizes()));
    next += to.numel();
  });
  return upper;
}

}  // namespace

void GramSum::add(const at::Tensor& batch) {
  const int64_t d = batch.size(1);
  if (!upper_.defined()) upper_ = at::zeros({d, d}, batch.options().dtype(at::kDouble));
  for_each_block(d, [&](int64_t begin, int64_t end) {
    upper_.slice(0, 0, end)
        .slice(1, begin, end)
        .add_(at::matmul(batch.slice(1, 0, end).t(), batch.slice(1, begin, end)));
  });
}

at::Tensor GramSum::take() {
  at::Tensor total = over_world(std::exchange(upper_, {}));
  if (!total.defined()) return total;
  // In place: for a wide layer a second [d, d] would be the largest tensor in memory.
  for_each_block(total.size(0), [&](int64_t begin, int64_t end) {
    const at::Tensor rows = total.slice(0, begin, end);
    rows.slice(1, 0, begin).copy_(total.slice(0, 0, begin).slice(1, begin, end).t());
    const at::Tensor corner = rows.slice(1, begin, end);
    corner.copy_(corner.triu() + corner.triu(1).t());
  });
  return total;
}

}  // namespace ncprune
