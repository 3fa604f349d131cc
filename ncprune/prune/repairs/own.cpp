#include "ncprune/prune/repair.h"

namespace ncprune::repairs_files {

// The search for units leaves least-squares weights on the remaining inputs, in its own metric.
// Without a search there is nothing of its own.
Repair own() {
  return {.summary = "what the solver leaves",
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
