#include "ncprune/criteria/criterion.h"

namespace ncprune::criteria_files {
namespace {

// A unit that is replaced by its mean leaves an error of just its variance.
at::Tensor score_activation_variance(const ScoreInput& layer) {
  return whole_neurons(layer.statistics.unit_activity.variance, layer);
}

}  // namespace

Criterion activation_variance() {
  return {.name = {},
          .summary = "variance of the neuron's activation over samples",
          .source = "Berisha, Mehnert, Condurache 2025",
          .needs = {Statistic::kUnitActivity},
          .whole_neurons = true,
          .degree = 0,
          .score = score_activation_variance};
}

}  // namespace ncprune::criteria_files
