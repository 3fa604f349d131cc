#pragma once

#include <ATen/ops/empty.h>

#include "ncprune/base/random.h"
#include "ncprune/data/label_rows.h"

namespace ncprune {

// Samples whose three labels follow from a hidden linear rule, the last one rarely; not a row for
// each label yet. [N, 8].
inline Dataset labelled_samples(int64_t samples, uint64_t seed) {
  constexpr int64_t kFeatures = 8;
  constexpr int64_t kLabels = 3;
  Random law(17);
  const at::Tensor rule = at::empty({kFeatures, kLabels}).normal_(0, 1, law.generator());
  Random random(seed);
  Dataset data;
  data.inputs = at::empty({samples, kFeatures}).normal_(0, 1, random.generator());
  const at::Tensor threshold = at::tensor({0.0, 1.0, 4.0}, at::kFloat);
  return with_label_sets(data, data.inputs.matmul(rule).gt(threshold), {"a", "b", "c"}, true);
}

}  // namespace ncprune
