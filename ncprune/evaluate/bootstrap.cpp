#include "ncprune/evaluate/bootstrap.h"

#include <ATen/ops/binomial.h>
#include <ATen/ops/full.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

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

}  // namespace ncprune
