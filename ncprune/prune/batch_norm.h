#pragma once

#include <string>
#include <vector>

#include "ncprune/data/dataset.h"
#include "ncprune/model/network.h"

namespace ncprune {

// What happens to the running statistics of BatchNormalization after pruning; no training. Offered
// alike to every method and to the dense network.
struct BatchNormTreatment {
  std::string name;
  std::string summary;
  std::string source;
};

// keep:        as they are; sound where the layers before were repaired.
// recalibrate: the mean and variance (divided by the number of values) of each channel over all
//              samples and positions, an average over samples: what natural batches give, exactly.
//              Layer by layer from the input to the output, one pass over the data each, so that
//              every layer sees what those before it now give. A network without
//              BatchNormalization stays as it is.
const std::vector<BatchNormTreatment>& batch_norm_treatments();

// `network` with its statistics treated as `name` says, from `data`; it shares the other tensors.
// Throws InputError on an unknown name and on statistics that are not initializers of the network.
Network treat_batch_norm(const Network& network, const std::string& name, const Dataset& data);

}  // namespace ncprune
