#pragma once

#include "ncprune/model/network.h"

namespace ncprune {

// `network` with every BatchNormalization that alone reads the result of a convolution folded into
// that convolution, up to rounding the same function outside training: a pass less over the value,
// and one less over its gradient. All values keep their names; those between the two nodes no
// longer exist. Left as it is where a tensor of the two nodes is computed and no initializer.
Network with_norms_folded(const Network& network);

}  // namespace ncprune
