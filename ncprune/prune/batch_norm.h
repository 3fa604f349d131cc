#pragma once

#include <string>
#include <vector>

#include "ncprune/data/dataset.h"
#include "ncprune/stats/metric.h"
#include "ncprune/stats/network_pair.h"

namespace ncprune {

// What happens to BatchNormalization after pruning; no training. Offered alike to every method and
// to the dense network. An entry is a file of batch_norms/.
struct BatchNormTreatment {
  std::string name = {};  // the file's
  std::string summary;    // what was done, for people
  std::string source;
  // `pair.pruned`, treated; shares the other tensors. Averages by the balance of `options`.
  Network (*apply)(const NetworkPair& pair, const Dataset& data, const MetricOptions& options);
  bool changes = true;
  // Why `network` cannot be treated, in one line that names the node; empty when it can. Null: it
  // always can.
  std::string (*problem)(const Network& network, const Dataset& data) = nullptr;
};

// keep:        as they are; sound where the layers before were repaired.
// recalibrate: the mean and variance (divided by the number of values) of each channel over all
//              samples and positions, an average over samples: what natural batches give, exactly.
//              Layer by layer from the input to the output, so that every layer sees what those
//              before it now give; about one forward pass, and 1 GB of activations at most
//              (activation_cache.h). A network without BatchNormalization stays as it is.
// match:       the scale and shift of every channel as match_scores() chooses them (score_match.h),
//              from the statistics as they are or recalibrated on some 1000 samples, whichever is
//              closer to the dense network: an average over classes.
const std::vector<BatchNormTreatment>& batch_norm_treatments();

// `network` with the statistics of every BatchNormalization measured anew on all of `data`: see
// "recalibrate" above. Throws InputError on statistics that are not initializers.
Network recalibrate_batch_norm(const Network& network, const Dataset& data);

// `pair.pruned` treated as `name` says, from `data`, in the metric's balance and noise; it shares
// the other tensors. Throws InputError on an unknown name, on statistics, scales or shifts that are
// not initializers of the network, and as match_scores().
Network treat_batch_norm(const NetworkPair& pair, const std::string& name, const Dataset& data,
                         const MetricOptions& options);

}  // namespace ncprune
