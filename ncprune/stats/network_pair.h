#pragma once

#include "ncprune/model/activation_cache.h"
#include "ncprune/model/network.h"

namespace ncprune {

// Activations kept between measurements of successive layers, so that each pass continues where the
// last one stopped.
struct PairCache {
  ActivationCache dense;
  ActivationCache pruned;
};

// A dense network and the same network with some layers already pruned. `pruned` shares unchanged
// tensors, and layers have the same names in both.
struct NetworkPair {
  const Network& dense;
  const Network& pruned;
  PairCache* cache = nullptr;  // for passes over the same samples; null: all run from the input
};

}  // namespace ncprune
