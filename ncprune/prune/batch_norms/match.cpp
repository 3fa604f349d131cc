#include "ncprune/prune/batch_norm.h"
#include "ncprune/prune/score_match.h"

namespace ncprune::batch_norm_treatments_files {

BatchNormTreatment match() {
  return {.summary = "matched to the dense network's class shares",
          .source = "ncprune; by natural gradients, Amari 1998",
          .apply =
              [](const NetworkPair& pair, const Dataset& data, const MetricOptions& options) {
                return has_batch_norm(pair.pruned) ? matched(pair, data, options) : pair.pruned;
              },
          .problem =
              [](const Network& network, const Dataset& data) {
                return has_batch_norm(network) ? match_problem(network, data) : std::string();
              }};
}

}  // namespace ncprune::batch_norm_treatments_files
