#pragma once

#include "ncprune/data/dataset.h"
#include "ncprune/prune/recipe.h"
#include "ncprune/stats/network_pair.h"

namespace ncprune {

// The last step of every pruning, in one shot or in several: adapts the BatchNormalization and then
// the head of `pair.pruned` to `pair.dense` as the recipe says, and rounds weights that the file
// stores in fewer bits (as_stored()). No training. Without a recipe's
// batch_norm the treatment is "keep". Averages run over samples or classes as the recipe's
// metric.balance says. The result shares the other tensors with `pair.pruned`. Throws InputError as
// treat_batch_norm() and treat_head().
Network finished(const NetworkPair& pair, const Recipe& recipe, const Dataset& data);

}  // namespace ncprune
