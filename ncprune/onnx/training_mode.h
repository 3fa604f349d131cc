#pragma once

#include <cstdint>
#include <string>

#include "ncprune/model/network.h"
#include "ncprune/onnx/interface.h"

namespace ncprune {

// Files may be exported in training mode: Dropout then drops at random, and BatchNormalization
// takes the statistics of each batch. Networks are read, and written again, as they run after
// training.

// Which nodes of a file are in training mode, for messages: "'drop1' (Dropout) and 2 others"; empty
// when none is. `network` holds the file's constants.
std::string nodes_in_training(const Live& live, int64_t opset, const Network& network);

}  // namespace ncprune
