#pragma once

#include "ncprune/data/dataset.h"
#include "ncprune/prune/recipe.h"
#include "ncprune/stats/network_pair.h"

namespace ncprune {

// The last step of every pruning, in one shot or in several: `pair.pruned`, its BatchNormalization
// and then its head treated towards `pair.dense` as the recipe says. No training. A treatment of
// BatchNormalization that is not given is "keep". Averages run over classes as the recipe's
// metric.balance says. Shares the other tensors with `pair.pruned`. Throws InputError as
// treat_batch_norm() and treat_head().
Network finished(const NetworkPair& pair, const Recipe& recipe, const Dataset& data);

}  // namespace ncprune
