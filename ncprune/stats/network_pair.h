#pragma once

#include "ncprune/model/activation_cache.h"
#include "ncprune/model/network.h"

namespace ncprune {

// Activations that measurements of one layer after the other keep, so that each pass continues
// where the last one stopped.
struct PairCache {
  ActivationCache dense;
  ActivationCache pruned;
};

// A dense network and the same network with some layers already pruned. `pruned` shares the tensors
// that were not changed, and layers are named alike in both.
struct NetworkPair {
  const Network& dense;
  const Network& pruned;
  PairCache* cache = nullptr;  // for passes over the same samples; none: all run from the input
};

}  // namespace ncprune
