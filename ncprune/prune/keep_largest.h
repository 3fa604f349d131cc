#pragma once

#include "ncprune/base/tensor.h"

namespace ncprune {

// A mask, bool, true at the `keep` largest of `scores` (any shape, float or double, on any device);
// ties go to the lower index. On the device of the scores. REQUIRES: no score is NaN.
at::Tensor keep_largest(const at::Tensor& scores, int64_t keep);

}  // namespace ncprune
