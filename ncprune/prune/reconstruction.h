#pragma once

#include "ncprune/prune/pattern.h"
#include "ncprune/stats/moments.h"

namespace ncprune {

// The layer problem: find V [m, d], zero where its mask is false, that minimises
//   sum_i g_i (V_i H V_i^T - 2 V_i C_i^T)
// with the metric H [d, d] and the cross moments C [m, d] of LayerMoments, both damped: H + r I and
// C + r W pull towards the dense weights W [m, d] where the data determine nothing. All is double.
struct LayerProblem {
  at::Tensor metric;  // H + r I, positive definite
  at::Tensor cross;   // C + r W

  // The unmasked optimum is cross metric^-1: W itself when nothing before the layer was pruned.
  static LayerProblem of(const LayerMoments& moments, const at::Tensor& weight, double damping);
};

// The exact optimum on `mask` (bool [m, d]), for every row by Cholesky; it does not depend on the
// row weights g. A row with s kept weights costs min(s, d - s)^3, and if a row keeps more than half
// of its weights, the layer m d^2 and d^3. Double [m, d]. Computed on compute_device(), from and to
// main memory.
at::Tensor least_squares(const LayerProblem& problem, const at::Tensor& mask);

// The mask of the `keep` weights to keep: joint search over the whole layer by the alternating
// direction method of multipliers, in the metric scaled to unit diagonal (ALPS: Meng, Behdin, Wang,
// Mazumder 2024), with row weights g [m] >= 0. One eigendecomposition, d^3; then O(d keep) for most
// iterations and O(d^2 m) for every eighth, or for every one if more than about a tenth of the
// weights is kept. Stops when the mask no longer changes. Bool [m, d]. Searched on
// compute_device(), from and to main memory; on another device than the processor every iteration
// costs d^2 m.
struct SupportSearch {
  const Pattern& pattern;
  int64_t keep;
  at::Tensor row_weights;  // g, double [m]
};
at::Tensor search_support(const LayerProblem& problem, const SupportSearch& search);

}  // namespace ncprune
