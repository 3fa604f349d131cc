#pragma once

#include "ncprune/model/network.h"

namespace ncprune {

// Makes a network that was exported for `batch` samples (-1: any number) take any number: where a
// Reshape has a constant shape that begins with this number, it is left open. Does nothing to a
// network that does. Throws InputError, naming the node that fails, when the number is fixed
// elsewhere too. REQUIRES: only the batch axis of input.shape has no fixed size.
Network open_batch(Network network, int64_t batch);

}  // namespace ncprune
