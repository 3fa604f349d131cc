#pragma once

#include "ncprune/model/network.h"

namespace ncprune {

// The metadata entry of a file that takes raw inputs in any runtime: its first nodes are Sub and
// Div (or one of them), which normalise the inputs, and its metadata have neither mean nor scale. A
// network with this entry, which make_network() gives, is written so, and has mean and scale in its
// metadata like any other network.
inline constexpr const char* kNormalisationEntry = "ncprune.normalisation";
inline constexpr const char* kInGraph = "\"graph\"";

// Makes the first nodes of a file with the entry the mean and scale of the metadata again: float
// tensors, in the order of the raw channels. Leaves other files, and graphs that another program
// has changed there, as they are: these take raw inputs anyway.
void take_out_normalisation(Network& network);

// The opposite: the graph to write. Without effect on a network without the entry; a network whose
// graph cannot take the raw inputs (channels last, several inputs, an input that is not float, a
// mean that does not broadcast to the graph's input) keeps mean and scale in its metadata and
// loses the entry.
Network with_file_normalisation(Network network);

}  // namespace ncprune
