#include "ncprune/prune/repair.h"

namespace ncprune::repairs_files {

// The search for units gives least-squares weights on the remaining inputs, in the search's metric.
// Without a search the remaining weights are unchanged.
Repair own() {
  return {.summary = "the weights that the solver found",
          .source = "",
          .apply =
              [](Network& network, const RepairTask& task) {
                if (task.searched) {
                  update_layer(network, task.layer, {task.moments(), task.mask, task.damping});
                } else {
                  set_weight(network, task.layer, task.weight * task.mask);
                }
              },
          .of_search = true};
}

}  // namespace ncprune::repairs_files
