#include "ncprune/evaluate/bootstrap.h"

#include <ATen/ops/binomial.h>
#include <ATen/ops/full.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

namespace ncprune {

at::Tensor resampled_changes(const std::vector<PairedCounts>& classes, int64_t resamples,
                             Random& random) {
  at::Tensor sums = at::zeros({resamples}, at::TensorOptions(at::kDouble));
  double present = 0;
  for (const PairedCounts& change : classes) {
    if (change.samples == 0) continue;
    present += 1;
    const auto n = static_cast<double>(change.samples);
    const double lost = static_cast<double>(change.lost) / n;
    const double gained = static_cast<double>(change.gained) / n;
    const at::Tensor trials = at::full({resamples}, n, at::TensorOptions(at::kDouble));
    const at::Tensor fewer = at::binomial(trials, at::full_like(trials, lost), random.generator());
    // Of the samples that are not lost; none are left when all were.
    const double share = lost < 1 ? std::min(1.0, gained / (1 - lost)) : 0;
    const at::Tensor more =
        at::binomial(trials - fewer, at::full_like(trials, share), random.generator());
    sums += (more - fewer) / n;
  }
  return sums / present;
}

}  // namespace ncprune
