#include "ncprune/criteria/criterion.h"

namespace ncprune::criteria_files {
namespace {

// The published score -w (H g) is the change of the gradient flow by removing w; its largest go
// first.
at::Tensor score(const ScoreInput& layer) {
  return layer.weight * layer.statistics.hessian_gradient;
}

}  // namespace

Criterion grasp() {
  return {
      .name = {},
      .summary = "w (H g): what removing the weight takes from the squared norm of the gradient",
      .source = "Wang, Zhang, Grosse 2020",
      .needs = {Statistic::kHessianGradient},
      .degree = 1,
      .score = score};
}

}  // namespace ncprune::criteria_files
