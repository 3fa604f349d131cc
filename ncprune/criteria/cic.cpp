#include "ncprune/criteria/criterion.h"

namespace ncprune::criteria_files {
namespace {

at::Tensor score_cic(const ScoreInput& layer) {
  const at::Tensor importance =
      present_classes(layer.statistics.class_taylor, layer.statistics).square();  // [K, m]
  const at::Tensor mean = importance.mean(0);
  const at::Tensor deviation = (importance - mean).square().mean(0).sqrt();
  return whole_neurons(mean - layer.options.at("alpha") * deviation, layer);
}

}  // namespace

Criterion cic() {
  return {.name = {},
          .summary = "mean_c I_c - alpha std_c I_c, I_c = (sum_j w_ij dL_c/dw_ij)^2 of the class c",
          .source = "class importance consistency; public code of 2024",
          .needs = {Statistic::kClassTaylor},
          .options = {{"alpha", 1}},
          .whole_neurons = true,
          .degree = 0,
          .score = score_cic};
}

}  // namespace ncprune::criteria_files
