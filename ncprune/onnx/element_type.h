#pragma once

#include "ncprune/model/network.h"

namespace ncprune {

// Files compute in FLOAT16, BFLOAT16 or DOUBLE; networks compute in float.

// Makes a network as the file has it compute in float, and fills network.storage. Does nothing to a
// network whose input and matrices are FLOAT.
void compute_in_float(Network& network);

// The opposite: the graph to write, with every value of the type that the file stores. Tensors are
// shared where their type is the same. Throws InputError, naming a weight that does not fit.
Network in_file_types(const Network& network);

}  // namespace ncprune
