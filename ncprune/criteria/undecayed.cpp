#include "ncprune/criteria/criterion.h"

namespace ncprune::criteria_files {
namespace {

at::Tensor score_undecayed(const ScoreInput& layer) {
  const double decay = layer.options.at("decay");
  return (decay * layer.weight.square() - layer.weight * layer.statistics.gradient).abs();
}

}  // namespace

Criterion undecayed() {
  return {.name = {},
          .summary = "|-w dL/dw + decay w^2|: the gradient without the effect of weight decay",
          .source = "Good, Lin, Yu, Sieg, Ferguson, Zhe, Wieczorek, Serra 2022",
          .needs = {Statistic::kGradient},
          .options = {{"decay", 5e-4}},
          .score = score_undecayed};
}

}  // namespace ncprune::criteria_files
