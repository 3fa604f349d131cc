#include "ncprune/criteria/criterion.h"

namespace ncprune::criteria_files {
namespace {

// w_u^2 / sum_{v >= u} w_v^2, the weights of the layer in ascending order; ties by lower index.
at::Tensor score_lamp(const ScoreInput& layer) {
  const at::Tensor squares = layer.weight.flatten().square();
  const auto [ascending, order] = squares.sort(/*stable=*/true, /*dim=*/0, /*descending=*/false);
  const at::Tensor at_least = ascending.flip(0).cumsum(0).flip(0);
  // A layer of zeros would divide 0 by 0; the score is then 0.
  const at::Tensor ratio = ascending / at_least.clamp_min(1e-300);
  return squares.scatter(0, order, ratio).view_as(layer.weight);
}

}  // namespace

Criterion lamp() {
  return {
      .name = {},
      .summary = "w^2 over the sum of the layer's squares that are not smaller; rank it globally",
      .source = "Lee, Park, Mo, Ahn, Shin 2021",
      .needs = {},
      .degree = 0,
      .score = score_lamp};
}

}  // namespace ncprune::criteria_files
