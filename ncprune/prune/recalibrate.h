#pragma once

#include "ncprune/data/dataset.h"
#include "ncprune/model/network.h"

namespace ncprune {

// `network` with the mean and variance (divided by the number of values) of every
// BatchNormalization measured anew over all samples of `data` and all positions, averaged over
// samples: the exact statistics of natural batches. Works from the input to the output, so that
// every layer sees the new outputs of the layers before it; about one forward pass, and 1 GB of
// activations at most (activation_cache.h). A network without BatchNormalization is unchanged.
// Throws InputError on statistics that are not initializers.
Network recalibrated(const Network& network, const Dataset& data);

}  // namespace ncprune
