#include "ncprune/criteria/criterion.h"

namespace ncprune::criteria_files {
namespace {

at::Tensor score_l1_norm(const ScoreInput& layer) {
  return whole_neurons(layer.weight.abs().sum(1), layer);
}

}  // namespace

Criterion l1_norm() {
  return {.name = {},
          .summary = "L1 norm of the neuron's incoming weights",
          .source = "Li, Kadav, Durdanovic, Samet, Graf 2017",
          .needs = {},
          .whole_neurons = true,
          .degree = 1,
          .score = score_l1_norm};
}

}  // namespace ncprune::criteria_files
