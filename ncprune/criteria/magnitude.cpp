#include "ncprune/criteria/criterion.h"

namespace ncprune::criteria_files {
namespace {

at::Tensor score_magnitude(const ScoreInput& layer) {
  return layer.weight.abs();
}

}  // namespace

Criterion magnitude() {
  return {.name = {},
          .summary = "|w|",
          .source = "Han, Pool, Tran, Dally 2015",
          .needs = {},
          .degree = 1,
          .score = score_magnitude};
}

}  // namespace ncprune::criteria_files
