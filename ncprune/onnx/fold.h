#pragma once

#include "ncprune/model/network.h"

namespace ncprune {

// Values that do not depend on the input become initializers, each with separate memory, and the
// nodes that computed them are removed. Exporters write such nodes for shapes and for renamed
// weights. At most 256 MiB are created; nodes beyond that are kept.
//
// Folds nodes that read only initializers. Throws InputError, naming the node, when one cannot be
// run, or when copies of weights exceed the limit.
Network fold_constants(Network network);

// Folds values that depend only on the shapes of other values and are equal for one sample of zeros
// and for three. The shape input of a Reshape is folded too if only one of its numbers depends on
// the batch; that number becomes -1. REQUIRES: only the batch axis of input.shape has no fixed
// size.
Network fold_shapes(Network network);

// Removes the nodes and initializers that the output does not need.
Network drop_unread(Network network);

}  // namespace ncprune
