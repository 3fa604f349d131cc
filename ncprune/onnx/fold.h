#pragma once

#include "ncprune/model/network.h"

namespace ncprune {

// What need not be computed for every input becomes initializers, each with memory of its own, and
// the nodes behind them go. Exporters write such nodes for shapes, and weights under another name.
// At most 256 MiB are made; what would be beyond stays a node.
//
// Nodes that read initializers only. Throws InputError, naming the node, when one cannot be run,
// and when weights that are copies of one another go beyond the limit.
Network fold_constants(Network network);

// Values that depend on nothing but the shapes of other values, and are the same for one sample of
// zeros and for three; and the shape that a Reshape is told, where all of it is but one number that
// goes with the samples: that becomes -1. REQUIRES: only the batch is free in input.shape.
Network fold_shapes(Network network);

// Without the nodes and initializers that the output does not need.
Network drop_unread(Network network);

}  // namespace ncprune
