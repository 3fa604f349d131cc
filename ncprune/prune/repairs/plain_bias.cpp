#include "ncprune/prune/repair.h"

namespace ncprune::repairs_files {

// The mean-shift compensation of variance-based pruning: with W_P the weights of the removed
// inputs, b + W_P E[x_P], averaged over samples.
Repair plain_bias() {
  return {.summary = "the bias absorbs the change of the means over samples",
          .source = "Berisha, Mehnert, Condurache 2025",
          .apply =
              [](Network& network, const RepairTask& task) {
                correct_bias(network, task.layer, task.weight * task.mask, task.means);
              },
          .metric = "plain"};
}

}  // namespace ncprune::repairs_files
