#include "ncprune/criteria/criterion.h"

namespace ncprune::criteria_files {
namespace {

// E[h^2] P(|h| > 1 % of the layer's root mean square).
at::Tensor score_active_energy(const ScoreInput& layer) {
  const UnitActivity& activity = layer.statistics.unit_activity;
  const at::Tensor energy = activity.variance + activity.mean.square();
  return whole_neurons(energy * activity.active_share, layer);
}

}  // namespace

Criterion active_energy() {
  return {.name = {},
          .summary =
              "mean square of the neuron's activation times the share of samples in which "
              "it is active",
          .source = "Zhang, Yang 2026",
          .needs = {Statistic::kUnitActivity},
          .whole_neurons = true,
          .degree = 0,
          .score = score_active_energy};
}

}  // namespace ncprune::criteria_files
