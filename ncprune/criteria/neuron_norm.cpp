#include "ncprune/criteria/criterion.h"

namespace ncprune::criteria_files {
namespace {

at::Tensor score(const ScoreInput& layer) {
  return layer.weight.square().sum(1, true).sqrt().expand_as(layer.weight).contiguous();
}

}  // namespace

Criterion neuron_norm() {
  return {.name = {},
          .summary = "L2 norm of the neuron's incoming weights; whole neurons are zeroed",
          .source = "Li, Kadav, Durdanovic, Samet, Graf 2017",
          .needs = {},
          .whole_neurons = true,
          .score = score};
}

}  // namespace ncprune::criteria_files
