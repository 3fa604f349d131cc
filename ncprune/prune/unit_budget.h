#pragma once

#include <vector>

#include "ncprune/model/units.h"

namespace ncprune {

// What the units of every group cost the network's function, in the order in which they would
// leave.
struct UnitCosts {
  const std::vector<UnitGroup>& groups;
  const std::vector<std::vector<double>>& costs;  // of group g, u numbers; see UnitOrder
};

// How small the network is to become.
struct UnitBudget {
  bool macs = false;     // of its multiply-adds; else of its parameters
  double removed;        // share to remove, in [0, 1)
  int64_t multiple = 1;  // of which a group that loses units keeps
};

// How many units each group keeps so that the network's size comes down to the budget: the units of
// all groups leave by what they cost for what they save. Every group keeps one at least, or the
// multiple; a warning says when that is more than the budget allows.
std::vector<int64_t> kept_within(const Network& dense, const UnitCosts& units,
                                 const UnitBudget& budget);

}  // namespace ncprune
