#include "ncprune/evaluate/bootstrap.h"

#include <ATen/ops/binomial.h>
#include <ATen/ops/full.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "ncprune/base/no_value.h"

namespace ncprune {

at::Tensor resampled_means(const std::vector<std::vector<ValueCount>>& classes, int64_t resamples,
                           Random& random) {
  at::Tensor sums = at::zeros({resamples}, at::TensorOptions(at::kDouble));
  double present = 0;
  for (const std::vector<ValueCount>& values : classes) {
    double n = 0;
    for (const ValueCount& v : values) n += static_cast<double>(v.count);
    if (n == 0) continue;
    present += 1;
    // One value after another, each from the remaining draws.
    at::Tensor draws = at::full({resamples}, n, at::TensorOptions(at::kDouble));
    double left = n;
    for (size_t i = 0; i + 1 < values.size(); ++i) {
      const auto count = static_cast<double>(values[i].count);
      const double share = left > 0 ? std::min(1.0, count / left) : 0;
      const at::Tensor drawn = at::binomial(draws, at::full_like(draws, share), random.generator());
      sums += drawn * (values[i].value / n);
      draws = draws - drawn;
      left -= count;
    }
    sums += draws * (values.back().value / n);
  }
  return sums / present;
}

at::Tensor resampled_shares(const at::Tensor& labels, int64_t resamples, Random& random) {
  const auto doubles = at::TensorOptions(at::kDouble);
  at::Tensor shares = at::zeros({resamples, labels.numel()}, doubles);
  const int64_t classes = labels.numel() > 0 ? labels.max().item<int64_t>() + 1 : 0;
  for (int64_t c = 0; c < classes; ++c) {
    const at::Tensor members = labels.eq(c).nonzero().squeeze(1);
    const int64_t n = members.numel();
    if (n == 0) continue;
    const at::Tensor drawn = at::randint(n, {resamples, n}, random.generator(), labels.options());
    const at::Tensor counts = at::zeros({resamples, n}, doubles)
                                  .scatter_add_(1, drawn, at::ones({resamples, n}, doubles));
    shares.index_copy_(1, members, counts / static_cast<double>(n));
  }
  return shares;
}

double margin(const std::vector<double>& draws) {
  return draws.size() < 2 ? kNoValue : 1.96 * at::tensor(draws).std().item<double>();
}

at::Tensor class_shares(const at::Tensor& labels) {
  return labels.bincount().to(at::kDouble).reciprocal().index_select(0, labels);
}

}  // namespace ncprune
