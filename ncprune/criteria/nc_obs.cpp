#include <ATen/ops/cholesky_inverse.h>
#include <ATen/ops/linalg_cholesky.h>

#include "ncprune/criteria/criterion.h"

namespace ncprune::criteria_files {
namespace {

// g_i w_ij^2 / [H^-1]_jj: the increase of the class scores' error when w_ij becomes zero and the
// other weights of the row compensate, H the Neural-Collapse metric (1 % damping), g_i the
// influence of unit i on the scores. Comparable between rows and layers.
at::Tensor score_nc_obs(const ScoreInput& layer) {
  const at::Tensor metric = damped(layer.statistics.moments.metric, MetricOptions{}.damping);
  const at::Tensor inverse = at::cholesky_inverse(at::linalg_cholesky(metric));
  return layer.statistics.output_weight.unsqueeze(1) * layer.weight.square() / inverse.diagonal();
}

}  // namespace

Criterion nc_obs() {
  return {.name = {},
          .summary = "g_i w_ij^2 / [H^-1]_jj in the class-balanced Neural-Collapse metric H",
          .source = "Hassibi, Stork 1993, in the metric of ncprune",
          .needs = {Statistic::kMetric, Statistic::kOutputWeight},
          .degree = 2,
          .score = score_nc_obs};
}

}  // namespace ncprune::criteria_files
