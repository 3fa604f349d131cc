#include "ncprune/criteria/criterion.h"

namespace ncprune::criteria_files {
namespace {

at::Tensor score_wanda(const ScoreInput& layer) {
  return layer.weight.abs() * layer.statistics.input_square_mean.sqrt();
}

}  // namespace

Criterion wanda() {
  return {.name = {},
          .summary = "|w_ij| sqrt(E x_j^2), the mean over samples; meant for --pattern row",
          .source = "Sun, Liu, Bair, Kolter 2024",
          .needs = {Statistic::kInputSquareMean},
          .degree = 1,
          .score = score_wanda};
}

}  // namespace ncprune::criteria_files
