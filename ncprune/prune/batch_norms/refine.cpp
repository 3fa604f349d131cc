#include "ncprune/prune/refine.h"
#include "ncprune/prune/batch_norm.h"
#include "ncprune/prune/score_match.h"

namespace ncprune::batch_norm_treatments_files {
namespace {

Network refined_match(const NetworkPair& pair, const Dataset& data, const MetricOptions& options) {
  return refined({pair.dense, treat_batch_norm(pair, "match", data, options)}, data, options);
}

}  // namespace

BatchNormTreatment refine() {
  return {
      .summary = "matched, then all remaining weights moved to the dense network's class shares",
      .source = "ncprune; by Adam, Kingma, Ba 2015; Hinton, Vinyals, Dean 2015",
      .apply = refined_match,
      .problem = match_problem};
}

}  // namespace ncprune::batch_norm_treatments_files
