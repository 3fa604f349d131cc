#pragma once

#include <string>

#include "ncprune/data/dataset.h"
#include "ncprune/prune/options.h"
#include "ncprune/stats/network_pair.h"

namespace ncprune {

// The last step of every pruning, in one shot or in several: BatchNormalization is treated, then
// the head. No training.
struct Finish {
  std::string batch_norm = "keep";  // batch_norm_treatments()
  std::string head = "keep";        // head_treatments(), on what the first gave
};

// The finish that `options` ask for on `network`. A BatchNormalization treatment that is not given
// is the method's; if `network` has an obstacle to that (BatchNormTreatment::problem), the obstacle
// is logged and BatchNormalization is kept.
Finish finish_of(const PruneOptions& options, const Network& network, const Dataset& data);

// `pair.pruned`, finished towards `pair.dense`. Averages run over classes as `metric.balance` says.
// Shares the other tensors with `pair.pruned`. Throws InputError as treat_batch_norm() and
// treat_head().
Network finished(const NetworkPair& pair, const Finish& finish, const Dataset& data,
                 const MetricOptions& metric);

}  // namespace ncprune
