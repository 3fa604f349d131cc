#include "ncprune/criteria/criterion.h"

namespace ncprune::criteria_files {
namespace {

at::Tensor score_obd(const ScoreInput& layer) {
  return layer.weight.square() * layer.statistics.fisher / 2;
}

}  // namespace

Criterion obd() {
  return {.name = {},
          .summary = "w^2 F / 2, F the diagonal of the empirical Fisher over samples",
          .source = "LeCun, Denker, Solla 1990; Fisher as in Theis et al. 2018",
          .needs = {Statistic::kFisher},
          .degree = 2,
          .score = score_obd};
}

}  // namespace ncprune::criteria_files
