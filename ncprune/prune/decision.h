#pragma once

#include <vector>

#include "ncprune/prune/prune.h"

namespace ncprune {

// A pruning decision made earlier, to be carried out on `dense`.
struct Decision {
  const Network& dense;
  const std::vector<at::Tensor>& kept;  // see Pruned::kept
  const Dataset& data;
};

}  // namespace ncprune
