#pragma once

#include "ncprune/prune/choice.h"

// How prune() and apply() remove single weights: all but the finish. REQUIRES: a resolved recipe.
namespace ncprune {

Pruned prune_weights(Calibration& calibration, const Recipe& recipe);

Pruned apply_masks(const Choice& choice, const Recipe& recipe);

}  // namespace ncprune
