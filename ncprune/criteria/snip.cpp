#include "ncprune/criteria/criterion.h"

namespace ncprune::criteria_files {
namespace {

at::Tensor score_snip(const ScoreInput& layer) {
  return (layer.weight * layer.statistics.gradient).abs();
}

}  // namespace

Criterion snip() {
  return {.name = {},
          .summary = "|w dL/dw|, the gradient averaged over samples",
          .source = "Lee, Ajanthan, Torr 2019",
          .needs = {Statistic::kGradient},
          .degree = 1,
          .score = score_snip};
}

}  // namespace ncprune::criteria_files
