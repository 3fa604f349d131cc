#pragma once

#include <utility>

#include "ncprune/base/random.h"
#include "ncprune/data/dataset.h"

namespace ncprune {

// Splits every class: about `fraction` of its samples go to the second part, the rest to the first.
// A class keeps at least one sample in the first part; a class with one sample has none in the
// second. Both parts keep the data's order. Deterministic in the seed of `random`. REQUIRES: 0 <=
// fraction < 1.
std::pair<Dataset, Dataset> stratified_split(const Dataset& data, double fraction, Random random);

}  // namespace ncprune
