#include "ncprune/prune/finish.h"

namespace ncprune::finishes_files {

Finish keep() {
  return {.summary = "as repaired",
          .source = "",
          .apply = [](const NetworkPair& pair, const Dataset&,
                      const MetricOptions&) { return pair.pruned; },
          .changes = false};
}

}  // namespace ncprune::finishes_files
