#include "ncprune/criteria/criterion.h"

namespace ncprune::criteria_files {
namespace {

// |sum_i 2 x_i (h_i - mu_c(i))^T|, h the layer's activation: the gradient of the within-class
// scatter, without the slope of the activation, as its author computed it. Subtracting the class
// mean of x as well changes nothing, because the h_i - mu_c of a class sum to zero.
at::Tensor score_nc_gradient(const ScoreInput& layer) {
  return 2 * layer.statistics.scatter_covariance.abs();
}

}  // namespace

Criterion nc_gradient() {
  return {.name = {},
          .summary = "size of the gradient of the within-class scatter (the predecessor's score)",
          .source = "Zambare 2024",
          .needs = {Statistic::kScatterCovariance},
          .degree = 0,
          .score = score_nc_gradient};
}

}  // namespace ncprune::criteria_files
