#include "ncprune/prune/finish.h"
#include "ncprune/prune/score_match.h"

namespace ncprune::finishes_files {

Finish match() {
  return {.summary = "scales and shifts of channels matched to the dense network's class shares",
          .source = "ncprune; by natural gradients, Amari 1998",
          .apply = [](const NetworkPair& pair, const Dataset& data,
                      const MetricOptions& options) { return matched(pair, data, options); },
          .restores = true,
          .problem = match_problem};
}

}  // namespace ncprune::finishes_files
