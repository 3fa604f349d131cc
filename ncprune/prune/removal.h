#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ncprune/model/cost.h"
#include "ncprune/model/units.h"

namespace ncprune {

// How many units are to stay is asked about these.
struct UnitsQuestion {
  const Network& dense;
  const std::vector<UnitGroup>& groups;  // whose units can leave
  double share;                          // to remove, in [0, 1)
  int64_t multiple;                      // a group that loses units keeps a multiple of it
  // What the units of every group cost the network's function, see UnitCosts. A pass over the data.
  std::function<std::vector<std::vector<double>>()> costs;
};

// What a recipe removes. An entry is a file of removals/.
struct Removal {
  std::string name = {};  // the file's
  std::string summary;
  std::string title;  // what the share is a share of, for people
  // How many units each group keeps, at least one. Null: single weights become zero and no unit
  // leaves.
  std::vector<int64_t> (*units_to_keep)(const UnitsQuestion& question) = nullptr;
  // The cost whose fall says which share was removed. Null: the zeros are counted.
  int64_t NetworkCost::*size = nullptr;
};

const std::vector<Removal>& removals();

}  // namespace ncprune
