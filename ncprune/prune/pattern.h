#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ncprune/base/tensor.h"

namespace ncprune {

// Which weights of a layer may go together.
struct Pattern {
  std::string name;
  std::string summary;
  // The mask, bool [m, d], true where a weight stays: about `keep` of them, the largest scores;
  // ties go to the lower index, row by row. REQUIRES: 0 <= keep <= m d.
  std::function<at::Tensor(const at::Tensor& scores, int64_t keep)> mask;
};

const std::vector<Pattern>& patterns();

// True at the `keep` largest of `scores` (any shape), ties to the lower index.
at::Tensor keep_largest(const at::Tensor& scores, int64_t keep);

}  // namespace ncprune
