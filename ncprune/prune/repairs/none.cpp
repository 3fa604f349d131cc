#include "ncprune/prune/repair.h"

namespace ncprune::repairs_files {

Repair none() {
  return {.summary = "the remaining weights unchanged",
          .source = "",
          .apply = [](Network& network, const RepairTask& task) {
            set_weight(network, task.layer, task.weight * task.mask);
          }};
}

}  // namespace ncprune::repairs_files
