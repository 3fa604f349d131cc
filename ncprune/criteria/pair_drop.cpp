#include <ATen/ops/cat.h>
#include <ATen/ops/cholesky_inverse.h>
#include <ATen/ops/linalg_cholesky.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros.h>
#include <limits>

#include "ncprune/criteria/criterion.h"

namespace ncprune::criteria_files {
namespace {

// mu_c - mu_c' of every pair of classes with samples, [P, m].
at::Tensor class_differences(const LayerStatistics& statistics) {
  const at::Tensor means = centred_means(statistics);
  std::vector<at::Tensor> differences{at::zeros({0, means.size(1)}, means.options())};
  for (int64_t c = 0; c + 1 < means.size(0); ++c) {
    differences.push_back(means[c] - means.slice(0, c + 1));
  }
  return at::cat(differences);
}

// Without unit j the squared Mahalanobis distance D^2 of a pair with difference d decreases by
// exactly ((A d)_j)^2 / A_jj, A = S_W^-1 (1 % damping). Pairs are weighted by 1 / D^4, so that the
// closest count most; everything is updated after each unit. O(m^2 (m + K^2)).
at::Tensor score_pair_drop(const ScoreInput& layer) {
  const int64_t m = layer.weight.size(0);
  const at::Tensor within = damped(layer.statistics.unit_scatter, MetricOptions{}.damping);
  at::Tensor inverse = at::cholesky_inverse(at::linalg_cholesky(within));
  at::Tensor drift = at::matmul(class_differences(layer.statistics), inverse);  // [P, m]
  at::Tensor distance = (drift * class_differences(layer.statistics)).sum(1);   // [P]
  at::Tensor order = at::zeros({m}, inverse.options());
  at::Tensor gone = at::zeros({m}, inverse.options());
  for (int64_t step = 0; step < m; ++step) {
    const at::Tensor pivot = inverse.diagonal().clamp_min(1e-300);
    const at::Tensor weight = distance.clamp_min(1e-12).pow(-2);
    const at::Tensor loss = at::matmul(weight, drift.square()) / pivot;
    const int64_t j = (loss + gone).argmin().item<int64_t>();
    order[j] = static_cast<double>(step + 1);
    gone[j] = std::numeric_limits<double>::infinity();
    const double p = pivot[j].item<double>();
    const at::Tensor row = inverse[j].clone();
    const at::Tensor column = drift.select(1, j).clone();
    distance = distance - column.square() / p;
    drift.addr_(column, row, 1, -1 / p);
    inverse.addr_(row, row, 1, -1 / p);
    // Rounding must not bring back removed units.
    inverse.select(0, j).zero_();
    inverse.select(1, j).zero_();
    drift.select(1, j).zero_();
  }
  return whole_neurons(order, layer);
}

}  // namespace

Criterion pair_drop() {
  return {
      .name = {},
      .summary = "order of removal in which each unit reduces the distances between classes least",
      .source = "ncprune",
      .needs = {Statistic::kUnitGeometry},
      .whole_neurons = true,
      .degree = 0,
      .score = score_pair_drop};
}

}  // namespace ncprune::criteria_files
