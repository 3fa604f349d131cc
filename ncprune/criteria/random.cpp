#include <ATen/ops/empty_like.h>

#include "ncprune/criteria/criterion.h"

namespace ncprune::criteria_files {
namespace {

at::Tensor score_random(const ScoreInput& layer) {
  return at::empty_like(layer.weight).uniform_(0, 1, layer.random.generator());
}

}  // namespace

Criterion random() {
  return {.name = {},
          .summary = "a random number, which any criterion must beat",
          .source = "",
          .needs = {},
          .degree = 0,
          .score = score_random};
}

}  // namespace ncprune::criteria_files
