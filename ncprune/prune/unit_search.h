#pragma once

#include "ncprune/prune/reconstruction.h"

namespace ncprune {

// The order in which the units that a layer reads leave, each when its going costs least, and what it
// costs then.
struct Removal {
  std::vector<int64_t> order;  // units, the first to go first
  std::vector<double> costs;   // of the same, >= 0
};

// Removes units of the layer one at a time (group OBS: Hassibi, Stork 1993; Kwon et al. and Kurtic
// et al. 2022-23 for groups). Unit j is the inputs J = j w to j w + w - 1. With V the least-squares
// weights on the inputs left and H their metric, it costs
//   sum_i g_i V_iJ [H^-1]_JJ^-1 V_iJ^T,
// what the layer's error grows by when the others make good for it; the cheapest goes, V and H^-1
// are brought up to date. Ties go to the lower index. `row_weights` is g [m], >= 0. With u units
// O(count d (d + m) w) time, of it O(u w^2 (w + m)) for the costs; O(d (d + m)) memory.
// REQUIRES: d = u w, 0 <= count <= u.
struct UnitCount {
  int64_t count;
  int64_t width = 1;  // w
};
Removal remove_inputs(const LayerProblem& problem, const at::Tensor& row_weights,
                      const UnitCount& units);

}  // namespace ncprune
