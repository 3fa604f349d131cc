#pragma once

#include "ncprune/prune/decision.h"

// The parts of prune() and apply() that remove single weights, without the finish. REQUIRES: a
// resolved recipe.
namespace ncprune {

Pruned prune_weights(Calibration& calibration, const Recipe& recipe);

Pruned apply_masks(const Decision& decision, const Recipe& recipe);

}  // namespace ncprune
