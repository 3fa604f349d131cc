#pragma once

#include "ncprune/prune/decision.h"

// How prune() and apply() remove units: all but the finish. REQUIRES: a resolved recipe.
namespace ncprune {

Pruned prune_units(Calibration& calibration, const Recipe& recipe);

Pruned apply_units(const Decision& decision, const Recipe& recipe);

}  // namespace ncprune
