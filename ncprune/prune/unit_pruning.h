#pragma once

#include "ncprune/prune/choice.h"

// How prune() and apply() remove units: all but the finish. REQUIRES: a resolved recipe.
namespace ncprune {

Pruned prune_units(Calibration& calibration, const Recipe& recipe);

Pruned apply_units(const Choice& choice, const Recipe& recipe);

}  // namespace ncprune
