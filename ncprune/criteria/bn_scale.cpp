#include "ncprune/criteria/criterion.h"

namespace ncprune::criteria_files {
namespace {

at::Tensor score_bn_scale(const ScoreInput& layer) {
  return whole_neurons(layer.statistics.batch_norm_scale.abs(), layer);
}

}  // namespace

Criterion bn_scale() {
  return {.name = {},
          .summary = "|scale| of the BatchNormalization after the neuron",
          .source = "Liu, Li, Shen, Huang, Yan, Zhang 2017",
          .needs = {Statistic::kBatchNormScale},
          .whole_neurons = true,
          .degree = 0,
          .score = score_bn_scale};
}

}  // namespace ncprune::criteria_files
