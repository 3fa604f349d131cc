#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ncprune/model/cost.h"
#include "ncprune/model/units.h"

namespace ncprune {

// The input of a removal's decision how many units stay.
struct UnitsQuestion {
  const Network& dense;
  const std::vector<UnitGroup>& groups;  // those whose units can be removed
  double share;                          // to remove, in [0, 1)
  int64_t multiple;                      // a group that loses units keeps a multiple of this
  // The cost of removing the units of every group, see UnitCosts. Takes a pass over the data.
  std::function<std::vector<std::vector<double>>()> costs;
};

// A quantity that a recipe removes a share from. An entry is a file of removals/.
struct Removal {
  std::string name = {};  // the file's
  std::string summary;
  std::string title;  // the quantity's name, for people
  // The number of units that each group keeps, at least one. Null: single weights become zero and
  // no unit is removed.
  std::vector<int64_t> (*units_to_keep)(const UnitsQuestion& question) = nullptr;
  // The removed share is the relative fall of this cost. Null: it is the share of zeros.
  int64_t NetworkCost::*size = nullptr;
};

const std::vector<Removal>& removals();

}  // namespace ncprune
