#include "ncprune/prune/refine.h"
#include "ncprune/prune/finish.h"
#include "ncprune/prune/score_match.h"

namespace ncprune::finishes_files {

Finish refine() {
  return {
      .summary = "matched, then all remaining weights moved to the dense network's class shares",
      .source = "ncprune; by Adam, Kingma, Ba 2015; Hinton, Vinyals, Dean 2015",
      .apply = [](const NetworkPair& pair, const Dataset& data,
                  const MetricOptions& options) { return refined(pair, data, options); },
      .restores = true,
      .problem = match_problem};
}

}  // namespace ncprune::finishes_files
