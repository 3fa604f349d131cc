#pragma once

#include <vector>

#include "ncprune/prune/prune.h"

namespace ncprune {

// A decision that was made before.
struct Decision {
  const Network& dense;
  const std::vector<at::Tensor>& kept;  // as Pruned::kept
  const Dataset& data;
};

}  // namespace ncprune
