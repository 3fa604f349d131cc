#pragma once

#include "ncprune/model/network.h"

namespace ncprune {

// Files give the scores of K classes as [N, K], as [N, K, 1, 1], or for two classes as one logit or
// one probability, [N, 1] or [N]. A network has [N, K].

// Gives a network as the file has it this form and sets output.shape: axes of size 1 after the
// second are dropped, and one logit becomes two scores. REQUIRES: only the batch axis of
// input.shape has no fixed size. Throws InputError when the output is none of these.
void settle_scores(Network& network);

// The opposite for one logit: the graph to write.
Network with_file_scores(Network network);

}  // namespace ncprune
