#include "ncprune/prune/repair.h"

namespace ncprune::repairs_files {

Repair least_squares() {
  return {.summary = "exact least squares for every row, in the metric",
          .source = "",
          .apply =
              [](Network& network, const RepairTask& task) {
                update_layer(network, task.layer, {task.moments(), task.mask, task.damping});
              },
          .reads_moments = true,
          .exact = true};
}

}  // namespace ncprune::repairs_files
