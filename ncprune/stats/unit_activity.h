#pragma once

#include <vector>

#include "ncprune/data/dataset.h"
#include "ncprune/model/layers.h"

namespace ncprune {

// How the activations h of a layer's units spread over samples and their rows (rows.h); double [m].
struct UnitActivity {
  at::Tensor mean;
  at::Tensor variance;
  // The share of rows in which |h_i| exceeds 1 % of the layer's root mean square, in [0, 1].
  at::Tensor active_share;
};

// Averages over samples, not over classes. Two passes over `data`; the second one, for
// `active_share`, needs the root mean square that the first one found.
std::vector<UnitActivity> measure_unit_activity(const Network& network,
                                                const std::vector<Layer>& layers,
                                                const Dataset& data);

}  // namespace ncprune
