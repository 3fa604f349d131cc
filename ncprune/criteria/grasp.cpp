#include "ncprune/criteria/criterion.h"

namespace ncprune::criteria_files {
namespace {

// The published score -w (H g) is the change of the gradient flow when w is removed; its largest
// values are removed first.
at::Tensor score_grasp(const ScoreInput& layer) {
  return layer.weight * layer.statistics.hessian_gradient;
}

}  // namespace

Criterion grasp() {
  return {
      .name = {},
      .summary = "w (H g): the decrease of the squared gradient norm when the weight is removed",
      .source = "Wang, Zhang, Grosse 2020",
      .needs = {Statistic::kHessianGradient},
      .degree = 1,
      .score = score_grasp};
}

}  // namespace ncprune::criteria_files
