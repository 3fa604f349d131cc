#include "ncprune/criteria/criterion.h"

namespace ncprune::criteria_files {
namespace {

at::Tensor score_synflow(const ScoreInput& layer) {
  return layer.weight.abs() * layer.statistics.synaptic_flow;
}

}  // namespace

Criterion synflow() {
  return {
      .name = {},
      .summary =
          "|w| dR/d|w|, R the flow of ones through the network of |weights|; meant for 100 rounds",
      .source = "Tanaka, Kunin, Yamins, Ganguli 2020",
      .needs = {Statistic::kSynapticFlow},
      .degree = 1,
      .score = score_synflow};
}

}  // namespace ncprune::criteria_files
