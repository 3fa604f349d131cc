#pragma once

#include <string>
#include <vector>

#include "ncprune/data/dataset.h"
#include "ncprune/stats/metric.h"
#include "ncprune/stats/network_pair.h"

namespace ncprune {

// A treatment of BatchNormalization after pruning; no training. Every method and the dense network
// can use every treatment. An entry is a file of batch_norms/.
struct BatchNormTreatment {
  std::string name = {};  // the file's
  std::string summary;    // what was done, for people
  std::string source;
  // Returns `pair.pruned` treated; it shares the other tensors. Averages run over samples or
  // classes as options.balance says.
  Network (*apply)(const NetworkPair& pair, const Dataset& data, const MetricOptions& options);
  bool changes = true;
  // The reason why `network` cannot be treated, in one line that names the node; empty when it can.
  // Null: every network can be treated.
  std::string (*problem)(const Network& network, const Dataset& data) = nullptr;
};

// keep:        unchanged; sound where the layers before were repaired.
// recalibrate: the mean and variance (divided by the number of values) of each channel over all
//              samples and positions, averaged over samples: the exact statistics of natural
//              batches. Works from the input to the output, so that every layer sees the new
//              outputs of the layers before it; about one forward pass, and 1 GB of activations at
//              most (activation_cache.h). A network without BatchNormalization is unchanged.
// match:       match_scores() chooses the scale and shift of every channel (score_match.h). It
//              starts from the present statistics or from those recalibrated on about 1000 samples,
//              whichever are closer to the dense network, on average over classes. A network
//              without BatchNormalization is unchanged.
// refine:      match, also of layers where there is no BatchNormalization, and then refined()
//              (refine.h): all remaining weights move.
const std::vector<BatchNormTreatment>& batch_norm_treatments();

bool has_batch_norm(const Network& network);

// `network` with the statistics of every BatchNormalization measured anew on all of `data`: see
// "recalibrate" above. Throws InputError on statistics that are not initializers.
Network recalibrate_batch_norm(const Network& network, const Dataset& data);

// `pair.pruned` after the treatment called `name`, measured on `data` with the balance and noise of
// `options`; it shares the other tensors. Throws InputError on an unknown name, on statistics,
// scales or shifts that are not initializers of the network, and as match_scores().
Network treat_batch_norm(const NetworkPair& pair, const std::string& name, const Dataset& data,
                         const MetricOptions& options);

}  // namespace ncprune
