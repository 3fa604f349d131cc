#pragma once

#include "ncprune/prune/decision.h"

// The parts of prune() and apply() that remove units, without the finish. REQUIRES: a resolved
// recipe.
namespace ncprune {

Pruned prune_units(Calibration& calibration, const Recipe& recipe);

Pruned apply_units(const Decision& decision, const Recipe& recipe);

}  // namespace ncprune
