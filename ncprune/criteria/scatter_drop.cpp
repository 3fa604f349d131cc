#include <ATen/ops/cholesky_inverse.h>
#include <ATen/ops/linalg_cholesky.h>
#include <ATen/ops/matmul.h>

#include "ncprune/criteria/criterion.h"

namespace ncprune::criteria_files {
namespace {

// (A S_B A)_jj / A_jj, A = S_W^-1 (1 % damping).
at::Tensor score_scatter_drop(const ScoreInput& layer) {
  const at::Tensor within = damped(layer.statistics.unit_scatter, MetricOptions{}.damping);
  const at::Tensor inverse = at::cholesky_inverse(at::linalg_cholesky(within));
  const at::Tensor means = centred_means(layer.statistics);  // [K, m]
  const at::Tensor gain = at::matmul(means, inverse).square().mean(0);
  return whole_neurons(gain / inverse.diagonal(), layer);
}

}  // namespace

Criterion scatter_drop() {
  return {.name = {},
          .summary =
              "exact decrease of tr(S_W^-1 S_B) without the unit; scatters averaged over classes",
          .source = "ncprune",
          .needs = {Statistic::kUnitGeometry},
          .whole_neurons = true,
          .degree = 0,
          .score = score_scatter_drop};
}

}  // namespace ncprune::criteria_files
