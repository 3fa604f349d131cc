#pragma once

#include <string>

#include "ncprune/data/dataset.h"
#include "ncprune/model/network.h"

namespace ncprune {

// Whether a trained network and its data belong together. A network that sees pixels of another
// scale, or whose classes are in another order, runs without any error and is pruned to garbage.

// One line that says what does not fit and what would mend it; empty when nothing is found. At most
// 512 training samples are run, the same number of each class as far as they go. The network is
// refused when its balanced accuracy (mean over classes) on them is not above chance, or below a
// half and at least twice as high, and by 0.15, under one of the changes that are tried: another
// order of the classes, and for pictures another order of the channels, values of 0 to 255,
// and ImageNet's or a symmetric normalisation. REQUIRES: network and data fit (require_fits()).
std::string find_mismatch(const Network& network, const Dataset& train);

}  // namespace ncprune
