#pragma once

#include <string>
#include <vector>

#include "ncprune/model/layers.h"

namespace ncprune {

// The units (neurons) of a fully connected layer with everything that goes when one of them goes:
// unit j is row j of the producer's weight [m, d] and bias, entry j of the vectors in between, and
// column j of the consumer's weight [m', m].
struct UnitGroup {
  Layer producer;
  std::vector<std::string> vectors;  // initializers [m]: of every BatchNormalization
  Layer consumer;                    // its input [N, m] holds the units' activations
};

// A layer and its units, or why they have to stay.
struct UnitCoverage {
  Layer layer;
  std::vector<UnitGroup> group;  // one, or none
  std::string reason;            // empty when there is a group
};

// Every fully connected layer but the head, in graph order. Its units can go when only elementwise
// functions and BatchNormalization stand between it and the one fully connected layer that reads
// it.
std::vector<UnitCoverage> unit_coverage(const Network& network);

// Which units of a group stay.
struct UnitSelection {
  UnitGroup group;
  at::Tensor kept;  // int64 [m'], ascending
};

// `network` without the other units: smaller tensors, the same function if the removed units'
// columns in their consumers were zero.
Network keep_units(const Network& network, const std::vector<UnitSelection>& selections);

// What one sample costs.
struct NetworkCost {
  int64_t parameters;  // entries of all weights, biases and statistics (floating initializers)
  int64_t macs;        // multiply-adds of the fully connected layers
};
NetworkCost cost(const Network& network);

}  // namespace ncprune
