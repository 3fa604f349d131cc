#pragma once

#include "ncprune/data/dataset.h"
#include "ncprune/stats/network_pair.h"

namespace ncprune {

// `pair.pruned` with the statistics of its channels put right, averaged over samples of `data` and
// all positions. Works from the input to the output, so that every layer sees the new outputs
// of the layers before it; about one forward pass, and 1 GB of activations at most
// (activation_cache.h).
//
// With BatchNormalization: its means and variances (divided by the number of values) are measured
// anew on all samples, the exact statistics of natural batches (Ioffe, Szegedy 2015). Without: the
// mean and variance of every channel of channel_affines() but the class scores become, on about
// 2000 samples, those of the dense network (after Jordan, Sedghi, Saukh, Entezari, Neyshabur 2023,
// "REPAIR"), by a factor of at most 4 either way; channels that do not vary, and layers that have
// other channels than in the dense network, stay as they are. Throws InputError on statistics that
// are not initializers.
Network recalibrated(const NetworkPair& pair, const Dataset& data);

}  // namespace ncprune
