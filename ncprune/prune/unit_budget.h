#pragma once

#include <vector>

#include "ncprune/model/units.h"

namespace ncprune {

// The cost of removing the units of every group, in error of the network's function and in the
// order of removal.
struct UnitCosts {
  const std::vector<UnitGroup>& groups;
  const std::vector<std::vector<double>>& costs;  // u numbers per group; see UnitOrder
};

// The size that the network is reduced to.
struct UnitBudget {
  bool macs = false;     // size in multiply-adds; else in parameters
  double removed;        // share to remove, in [0, 1)
  int64_t multiple = 1;  // a group that loses units keeps a multiple of this
};

// The number of units that each group keeps so that the network's size falls to the budget: units
// of all groups are removed by their cost per size saved. Every group keeps at least one unit, or
// the multiple; a warning is logged when that exceeds the budget.
std::vector<int64_t> kept_within(const Network& dense, const UnitCosts& units,
                                 const UnitBudget& budget);

}  // namespace ncprune
