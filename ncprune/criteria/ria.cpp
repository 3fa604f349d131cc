#include "ncprune/criteria/criterion.h"

namespace ncprune::criteria_files {
namespace {

// (|w_ij| / sum_i |w_ij| + |w_ij| / sum_j |w_ij|) ||x_j||^a with the published a = 1/2.
at::Tensor score_ria(const ScoreInput& layer) {
  constexpr double kTiny = 1e-300;  // rows and columns of zeros score 0
  const at::Tensor size = layer.weight.abs();
  const at::Tensor relative =
      size / size.sum(0, true).clamp_min(kTiny) + size / size.sum(1, true).clamp_min(kTiny);
  return relative * layer.statistics.input_square_mean.pow(0.25);
}

}  // namespace

Criterion ria() {
  return {
      .name = {},
      .summary =
          "share of |w| in its row plus its column, times (E x_j^2)^(1/4), the mean over samples",
      .source = "Zhang, Bai, Lin, Zhao, Hou, Cannistraci 2024",
      .needs = {Statistic::kInputSquareMean},
      .degree = 0,
      .score = score_ria};
}

}  // namespace ncprune::criteria_files
