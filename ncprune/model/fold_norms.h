#pragma once

#include "ncprune/model/network.h"

namespace ncprune {

// A copy of `network` in which convolutions do the work of the BatchNormalization behind them: its
// scale multiplies their weights, and its shift goes into their bias. It computes the same values
// with running statistics, up to rounding, in fewer passes; it cannot learn statistics. Autograd
// leads from its weights to the tensors of `network`. The values keep their names, but the value
// between the two nodes is gone. A BatchNormalization stays where other nodes read the
// convolution's result, or where a tensor of the two nodes is no initializer.
Network with_norms_folded(const Network& network);

}  // namespace ncprune
