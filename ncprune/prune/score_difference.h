#pragma once

#include "ncprune/data/dataset.h"
#include "ncprune/model/network.h"

namespace ncprune {

// How far the class scores of two networks lie apart on some inputs.
struct ScoreDifference {
  double largest;  // difference of a score, absolute; NaN when only one of them is finite
  double scale;    // the largest score of the first network, absolute
};

// On random inputs, N(0, 1) after normalisation (0 or 1 for a network that takes whole numbers); at
// most 256 samples, fewer for large ones. Samples for which the first network has no finite scores
// do not count.
ScoreDifference score_difference(const Network& network, const Network& other);

// On the first samples of `data`, at most 2048, and an eighth as many of random values.
ScoreDifference score_difference(const Network& network, const Network& other, const Dataset& data);

}  // namespace ncprune
