#include "ncprune/criteria/criterion.h"

namespace ncprune::criteria_files {
namespace {

at::Tensor score_fisher_ratio(const ScoreInput& layer) {
  const at::Tensor& within = layer.statistics.unit_variance;
  const at::Tensor between = centred_means(layer.statistics).square().mean(0);
  // At most 1e12, and 0 for a constant unit, which separates nothing.
  return whole_neurons(between / (within + 1e-12 * between + 1e-300), layer);
}

}  // namespace

Criterion fisher_ratio() {
  return {.name = {},
          .summary = "[S_B]_jj / [S_W]_jj of the unit's activation, both averaged over classes",
          .source = "Fisher 1936; Tian, Arbel, Clark 2017",
          .needs = {Statistic::kUnitVariance},
          .whole_neurons = true,
          .degree = 0,
          .score = score_fisher_ratio};
}

}  // namespace ncprune::criteria_files
