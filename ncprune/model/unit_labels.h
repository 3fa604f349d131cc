#pragma once

#include <string>
#include <vector>

#include "ncprune/model/layers.h"

namespace ncprune {

// The role of an initializer's axis for the units along it.
enum class AxisRole {
  kRows,     // of a layer's weight that produces the units
  kColumns,  // of a layer's weight that reads the units
  kVector,   // a bias, a statistic, a depthwise kernel: removed with them
};

// An axis each of whose positions belongs to a unit.
struct LabelledAxis {
  std::string tensor;  // initializer, as stored
  int64_t axis;
  AxisRole role;
  size_t layer;                 // for rows and columns: index into UnitLabels::layers
  std::vector<int64_t> labels;  // the unit of every position
};

// A number in an initializer that counts such positions: a size for a Reshape or a Split, the start
// or end of a Slice.
struct LabelledCount {
  std::string tensor;  // initializer, as stored
  int64_t place;
  std::vector<int64_t> labels;  // the unit of every counted position
};

// Every position of every unit. Units that can only be removed together have the same label.
struct UnitLabels {
  std::vector<Layer> layers;       // linear_layers()
  std::vector<LabelledAxis> axes;  // in graph order
  std::vector<LabelledCount> counts;
  std::vector<std::string> reasons;  // by label: why the unit must be kept; empty if removable
};

// Follows the units of every layer through the graph; see unit_groups() for the supported
// operators. Runs the network once, on one sample of zeros, to find the shapes.
UnitLabels label_units(const Network& network);

}  // namespace ncprune
