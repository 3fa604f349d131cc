#pragma once

#include "ncprune/prune/decision.h"

// How prune() and apply() remove single weights: all but the finish. REQUIRES: a resolved recipe.
namespace ncprune {

Pruned prune_weights(Calibration& calibration, const Recipe& recipe);

Pruned apply_masks(const Decision& decision, const Recipe& recipe);

}  // namespace ncprune
