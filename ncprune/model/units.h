#pragma once

#include <string>
#include <vector>

#include "ncprune/model/layers.h"

namespace ncprune {

// A stretch of an initializer that goes when a unit goes.
struct UnitSlice {
  std::string tensor;
  int64_t axis;
  at::Tensor index;  // int64 [u, w]: of unit j the w places index[j] along the axis
};

// A number in an initializer that goes down when a unit goes: a size that a Reshape or a Split is
// told, the bounds of a Slice.
struct UnitCount {
  std::string tensor;
  int64_t place;
  int64_t each;  // by this much for every unit
};

// The same of a layer's weight as a matrix [m, d]: rows of a layer that makes the units, columns of
// one that reads them.
struct UnitEntries {
  Layer layer;
  at::Tensor index;  // int64 [u, w]
};

// Units (neurons, channels) that look alike: whatever goes with one of them goes with each. A unit
// of a chain is a row of one layer and columns of the next; in a sum it is a row of every layer
// that is added, and columns of every layer that reads the sum.
struct UnitGroup {
  int64_t units;  // u
  std::vector<UnitEntries> producers;
  std::vector<UnitEntries> consumers;
  std::vector<UnitSlice> slices;  // all that goes, the layers' weights too
  std::vector<UnitCount> counts;
  std::string reason;  // why none of them can go; empty: they can
};

// The groups of a network, found from its graph, in the order in which their units are made.
// Followed are sums and other arithmetic, Concat, Split, Slice, Reshape, Transpose, pooling,
// BatchNormalization, elementwise functions, grouped and depthwise convolutions, and products of
// two values, where an attention head is a unit; whatever else reads a unit, or a tensor that two
// nodes share, keeps it. Where channels are shuffled between groups, the same place of every group
// is one unit.
std::vector<UnitGroup> unit_groups(const Network& network);

// Which units of a group stay.
struct UnitSelection {
  const UnitGroup& group;
  at::Tensor kept;  // int64, ascending
};

// `network` without the other units: smaller tensors, the same function if the removed units'
// columns in their consumers were zero.
Network keep_units(const Network& network, const std::vector<UnitSelection>& selections);

}  // namespace ncprune
