#pragma once

#include <string>
#include <vector>

#include "ncprune/model/layers.h"

namespace ncprune {

// A part of an initializer that is removed with a unit.
struct UnitSlice {
  std::string tensor;
  int64_t axis;
  at::Tensor index;    // int64 [u, w]: unit j has the w positions index[j]
  bool reads = false;  // columns of a layer that reads the units; else a part of what makes them
};

// A number in an initializer that decreases when a unit is removed: a size for a Reshape or a
// Split, the bounds of a Slice.
struct UnitCount {
  std::string tensor;
  int64_t place;
  int64_t each;  // decrease per unit
};

// The part of a layer's weight [m, d] that is removed with a unit: rows of a layer that produces
// the units, columns of one that reads them.
struct UnitEntries {
  Layer layer;
  at::Tensor index;  // int64 [u, w]
};

// A group of units (neurons, channels) of the same structure. A unit of a chain is a row of one
// layer and columns of the next; in a sum it is a row of every layer that is added, and columns of
// every layer that reads the sum.
struct UnitGroup {
  int64_t units;  // u
  std::vector<UnitEntries> producers;
  std::vector<UnitEntries> consumers;
  std::vector<UnitSlice> slices;  // all removed parts, the layers' weights included
  std::vector<UnitCount> counts;
  std::string reason;  // why none can be removed; empty if they can
  // Whether the reason is only that no layer reads them whose other inputs could make up for them.
  bool lacks_repair = false;
};

// Finds the groups of a network from its graph, in the order in which their units are produced.
// Supported are sums and other arithmetic, Concat, Split, Slice, Reshape, Transpose, pooling,
// BatchNormalization, InstanceNormalization (and GroupNormalization as exported by it, whose groups
// are units), QuantizeLinear, DequantizeLinear, elementwise functions, grouped and depthwise
// convolutions, and products of two values, where an attention head is a unit. Units are kept if
// any other operator reads them, or if one of their tensors is shared by two nodes. Where channels
// are shuffled between groups, the same position of every group is one unit.
std::vector<UnitGroup> unit_groups(const Network& network);

// The units of a group that are kept.
struct UnitSelection {
  const UnitGroup& group;
  at::Tensor kept;  // int64, ascending
};

// `network` without the other units. The tensors are smaller, and scales with which a file stores
// one of them along the same axis are cut too. The function is the same if the removed units'
// columns in their consumers are zero.
Network keep_units(const Network& network, const std::vector<UnitSelection>& selections);

}  // namespace ncprune
