#pragma once

#include "ncprune/prune/reconstruction.h"

namespace ncprune {

// The order in which units leave, each when its going costs least, and what it costs then.
struct UnitOrder {
  std::vector<int64_t> units;  // the first leaves first
  std::vector<double> costs;   // of the same, >= 0
};

// A layer that reads the units.
struct UnitReader {
  LayerProblem problem;    // of [m, d]
  at::Tensor row_weights;  // g, [m], >= 0
  at::Tensor columns;      // int64 [u, w]: the inputs J_j of unit j
};

// Removes units one at a time (group OBS: Hassibi, Stork 1993; Kwon et al. and Kurtic et al.
// 2022-23 for groups). With V the least-squares weights on the inputs left and H their metric, unit
// j costs
//   sum over readers of sum_i g_i V_iJ [H^-1]_JJ^-1 V_iJ^T,
// what the readers' error grows by when the other inputs make good for it; the cheapest goes, V and
// H^-1 are brought up to date. Ties go to the lower index. Of a reader O(count d (d + m) w) time,
// of it O(u w^2 (w + m)) for the costs; O(d (d + m)) memory. REQUIRES: 0 <= count <= u; readers.
UnitOrder remove_units(const std::vector<UnitReader>& readers, int64_t count);

}  // namespace ncprune
