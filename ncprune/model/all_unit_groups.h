#pragma once

#include <vector>

#include "ncprune/model/units.h"

namespace ncprune {

// unit_groups(), and the groups of units that only convolutions of several groups make. Those have
// no producers, so that nothing scores their units, but they can be removed.
std::vector<UnitGroup> all_unit_groups(const Network& network);

}  // namespace ncprune
