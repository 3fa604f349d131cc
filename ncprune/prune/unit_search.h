#pragma once

#include "ncprune/prune/reconstruction.h"

namespace ncprune {

// The order in which units are removed, the cheapest at each step, and their costs at that step.
struct UnitOrder {
  std::vector<int64_t> units;  // in the order of removal
  std::vector<double> costs;   // of these units, >= 0
};

// A layer that reads the units.
struct UnitReader {
  LayerProblem problem;    // of [m, d]
  at::Tensor row_weights;  // g, [m], >= 0
  at::Tensor columns;      // int64 [u, w]: the inputs J_j of unit j
};

// Removes units one at a time (group OBS: Hassibi, Stork 1993; Kwon et al. and Kurtic et al.
// 2022-23 for groups). With V the least-squares weights on the remaining inputs and H their metric,
// unit j costs
//   sum over readers of sum_i g_i V_iJ [H^-1]_JJ^-1 V_iJ^T,
// the growth of the readers' error when the other inputs compensate for unit j. Each step removes
// the cheapest unit and updates V and H^-1. Ties go to the lower index. Per reader: time
// O(count d (d + m) w), in each step O(u w^2 (w + m)) for the costs; memory O(d (d + m)).
// REQUIRES: 0 <= count <= u; at least one reader.
UnitOrder remove_units(const std::vector<UnitReader>& readers, int64_t count);

}  // namespace ncprune
