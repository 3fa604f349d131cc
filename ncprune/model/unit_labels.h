#pragma once

#include <string>
#include <vector>

#include "ncprune/model/layers.h"

namespace ncprune {

// What an axis of an initializer is to the units along it.
enum class AxisRole {
  kRows,     // of a layer's weight: it makes them
  kColumns,  // of a layer's weight: it reads them
  kVector,   // a bias, a statistic, a depthwise kernel: goes with them
};

// An axis whose places each belong to a unit.
struct LabelledAxis {
  std::string tensor;  // initializer, as stored
  int64_t axis;
  AxisRole role;
  size_t layer;                 // index into UnitLabels::layers, of rows and columns
  std::vector<int64_t> labels;  // the unit of every place
};

// A number in an initializer that says how many such places there are: the size a Reshape or a
// Split is told, the start or the end of a Slice.
struct LabelledCount {
  std::string tensor;  // initializer, as stored
  int64_t place;
  std::vector<int64_t> labels;  // the unit of every place that is counted
};

// Every place where a unit stands. Units that can only go together have the same label.
struct UnitLabels {
  std::vector<Layer> layers;       // linear_layers()
  std::vector<LabelledAxis> axes;  // in graph order
  std::vector<LabelledCount> counts;
  std::vector<std::string> reasons;  // by label: why the unit has to stay; empty: it can go
};

// Follows the units of every layer through the graph; see unit_groups() for what is followed. Runs
// the network once, on one sample of zeros, to know the shapes.
UnitLabels label_units(const Network& network);

}  // namespace ncprune
