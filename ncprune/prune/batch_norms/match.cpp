#include "ncprune/prune/batch_norm.h"
#include "ncprune/prune/score_match.h"
#include "ncprune/stats/sampling.h"

namespace ncprune::batch_norm_treatments_files {
namespace {

// The statistics of a network masked without repair are far off; new ones are a better start.
Network matched(const NetworkPair& pair, const Dataset& data, const MetricOptions& options) {
  constexpr int64_t kEnough = 1024;
  const Network recalibrated =
      recalibrate_batch_norm(pair.pruned, at_even_distances(data, kEnough));
  return match_scores(pair.dense, {pair.pruned, recalibrated}, data, options);
}

}  // namespace

BatchNormTreatment match() {
  return {.summary = "matched to the dense network's class shares",
          .source = "ncprune; by natural gradients, Amari 1998",
          .apply = matched,
          .problem = match_problem};
}

}  // namespace ncprune::batch_norm_treatments_files
