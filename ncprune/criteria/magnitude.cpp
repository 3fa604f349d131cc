#include "ncprune/criteria/criterion.h"

namespace ncprune::criteria_files {
namespace {

at::Tensor score(const ScoreInput& layer) {
  return layer.weight.abs();
}

}  // namespace

Criterion magnitude() {
  return {.name = {},
          .summary = "|w|",
          .source = "Han, Pool, Tran, Dally 2015",
          .needs = {},
          .degree = 1,
          .score = score};
}

}  // namespace ncprune::criteria_files
