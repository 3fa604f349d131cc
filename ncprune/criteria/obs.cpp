#include <ATen/ops/cholesky_inverse.h>
#include <ATen/ops/linalg_cholesky.h>

#include "ncprune/criteria/criterion.h"

namespace ncprune::criteria_files {
namespace {

at::Tensor score_obs(const ScoreInput& layer) {
  const at::Tensor moment = damped(layer.statistics.second_moment, MetricOptions{}.damping);
  const at::Tensor inverse = at::cholesky_inverse(at::linalg_cholesky(moment));
  return layer.weight.square() / (2 * inverse.diagonal());
}

}  // namespace

Criterion obs() {
  return {.name = {},
          .summary = "w_ij^2 / (2 [H^-1]_jj), H the second moment of the inputs over samples",
          .source = "Hassibi, Stork 1993; per layer: Dong, Chen, Pan 2017",
          .needs = {Statistic::kSecondMoment},
          .degree = 2,
          .score = score_obs};
}

}  // namespace ncprune::criteria_files
