#include "ncprune/criteria/criterion.h"

namespace ncprune::criteria_files {
namespace {

at::Tensor score_taylor_fo(const ScoreInput& layer) {
  return whole_neurons((layer.weight * layer.statistics.gradient).sum(1).square(), layer);
}

}  // namespace

Criterion taylor_fo() {
  return {.name = {},
          .summary = "(sum_j w_ij dL/dw_ij)^2, the gradient averaged over samples",
          .source = "Molchanov, Mallya, Tyree, Frosio, Kautz 2019",
          .needs = {Statistic::kGradient},
          .whole_neurons = true,
          .degree = 2,
          .score = score_taylor_fo};
}

}  // namespace ncprune::criteria_files
