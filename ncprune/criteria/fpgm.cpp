#include <ATen/ops/cdist.h>

#include "ncprune/criteria/criterion.h"

namespace ncprune::criteria_files {
namespace {

at::Tensor score_fpgm(const ScoreInput& layer) {
  return whole_neurons(at::cdist(layer.weight, layer.weight).sum(1), layer);
}

}  // namespace

Criterion fpgm() {
  return {
      .name = {},
      .summary =
          "sum of the distances to the layer's other neurons; the most redundant are removed first",
      .source = "He, Liu, Wang, Hu, Yang 2019",
      .needs = {},
      .whole_neurons = true,
      .degree = 1,
      .score = score_fpgm};
}

}  // namespace ncprune::criteria_files
