#include "ncprune/criteria/criterion.h"

namespace ncprune::criteria_files {
namespace {

at::Tensor score_l2_norm(const ScoreInput& layer) {
  return whole_neurons(layer.weight.square().sum(1).sqrt(), layer);
}

}  // namespace

Criterion l2_norm() {
  return {.name = {},
          .summary = "L2 norm of the neuron's incoming weights",
          .source = "Li, Kadav, Durdanovic, Samet, Graf 2017",
          .needs = {},
          .whole_neurons = true,
          .degree = 1,
          .score = score_l2_norm};
}

}  // namespace ncprune::criteria_files
