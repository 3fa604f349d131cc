#pragma once

#include <string>
#include <vector>

#include "ncprune/data/dataset.h"
#include "ncprune/prune/recipe.h"
#include "ncprune/stats/metric.h"
#include "ncprune/stats/network_pair.h"

namespace ncprune {

// A way to bring a pruned network back to the dense one after the search and the repair of its
// layers; no labels are fitted. Every method can use every finish. An entry is a file of finishes/.
struct Finish {
  std::string name = {};  // the file's
  std::string summary;    // what was done, for people
  std::string source;
  // Returns `pair.pruned` adapted to `pair.dense`; it shares the other tensors. Averages run over
  // samples or classes as options.balance says.
  Network (*apply)(const NetworkPair& pair, const Dataset& data, const MetricOptions& options);
  bool changes = true;
  // Only what pruning changed is brought back: without noise, the dense network's own weights stay.
  bool restores = false;
  // The reason why `network` cannot be finished this way, in one line that names the node; empty
  // when it can. Null: every network can.
  std::string (*problem)(const Network& network, const Dataset& data) = nullptr;
};

// keep:        unchanged; sound where the layers before were repaired.
// recalibrate: the statistics of channels (recalibrate.h).
// match:       scales and shifts of channels (score_match.h).
// refine:      match, and then all remaining weights (refine.h).
const std::vector<Finish>& finishes();

// The last step of every pruning, in one shot or in several: the recipe's finish, then its head
// treatment, and then weights that the file stores in fewer bits are rounded (as_stored()). Without
// a recipe's finish it is "keep". A finish that restores leaves a network as it is when it has the
// dense one's weights and sees no noise. Throws InputError as the finish and treat_head().
Network finished(const NetworkPair& pair, const Recipe& recipe, const Dataset& data);

}  // namespace ncprune
