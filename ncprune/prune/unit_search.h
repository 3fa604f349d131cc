#pragma once

#include "ncprune/prune/reconstruction.h"

namespace ncprune {

// The order in which the inputs of a layer leave, each when its going costs least, and what it
// costs then.
struct Removal {
  std::vector<int64_t> order;  // inputs, the first to go first
  std::vector<double> costs;   // of the same, >= 0
};

// Removes `count` inputs of the layer one at a time (group OBS: Hassibi, Stork 1993; Kwon et al.
// and Kurtic et al. 2022-23 for groups): with V the least-squares weights on the inputs left and H
// their metric, input j costs sum_i g_i V_ij^2 / [H^-1]_jj, what the layer's error grows by when
// the others make good for it; the cheapest goes, V and H^-1 are brought up to date. Ties go to the
// lower index. `row_weights` is g [m], >= 0. O(count d (d + m)) time, O(d (d + m)) memory.
// REQUIRES: 0 <= count <= d.
Removal remove_inputs(const LayerProblem& problem, const at::Tensor& row_weights, int64_t count);

}  // namespace ncprune
