#pragma once

#include <string>
#include <vector>

#include "ncprune/model/layers.h"

namespace ncprune {

// The units (neurons, channels) of a layer with everything that goes when one of them goes: unit j
// is row j of the producer's weight [m, d] and bias, entry j of the vectors in between, and columns
// j w to j w + w - 1 of the consumer's weight [m', m w].
struct UnitGroup {
  Layer producer;
  std::vector<std::string> vectors;  // initializers [m]: of every BatchNormalization
  Layer consumer;                    // its input holds the units' activations
  int64_t width = 1;                 // w: of a convolution its kernel, of a flattened map its places
};

// A layer and its units, or why they have to stay.
struct UnitCoverage {
  Layer layer;
  std::vector<UnitGroup> group;  // one, or none
  std::string reason;            // empty when there is a group
};

// Every layer but the head, in graph order. Its units can go when only elementwise functions,
// BatchNormalization, pooling and Flatten stand between it and the one layer that reads it.
std::vector<UnitCoverage> unit_coverage(const Network& network);

// Which units of a group stay.
struct UnitSelection {
  UnitGroup group;
  at::Tensor kept;  // int64 [m'], ascending
};

// `network` without the other units: smaller tensors, the same function if the removed units'
// columns in their consumers were zero.
Network keep_units(const Network& network, const std::vector<UnitSelection>& selections);

}  // namespace ncprune
