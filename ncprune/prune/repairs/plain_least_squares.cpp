#include "ncprune/prune/repair.h"

namespace ncprune::repairs_files {

// Averaged over samples, this is the affine ridge regression of the removed inputs P on the
// remaining ones S, with covariances C: V = W_S + W_P B with B = C_PS (C_SS + r I)^-1, and the bias
// b + W_P (E[x_P] - B E[x_S]).
Repair plain_least_squares() {
  return {.summary = "exact least squares for every row, averaged over samples",
          .source = "Zhang, Yang 2026",
          .apply =
              [](Network& network, const RepairTask& task) {
                update_layer(network, task.layer, {task.moments(), task.mask, task.damping});
              },
          .reads_moments = true,
          .metric = "plain"};
}

}  // namespace ncprune::repairs_files
