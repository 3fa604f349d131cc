#pragma once

#include <vector>

#include "ncprune/model/network.h"

namespace ncprune {

// Files may take a sample as several arrays. A network has one input, with their values side by
// side.

// Gives a network that reads `inputs` this form: network.input holds them all, and nodes are added
// at the beginning that take it apart. Throws InputError, naming an input, when its samples have no
// fixed shape or are neither FLOAT nor whole numbers.
void join_inputs(Network& network, const std::vector<ValueInfo>& inputs);

// The opposite: the graph to write, which reads network.parts.
Network with_file_inputs(Network network);

}  // namespace ncprune
