#include "ncprune/prune/repair.h"

namespace ncprune::repairs_files {

Repair bias() {
  return {.summary = "the bias absorbs the change of the means",
          .source = "",
          .apply = [](Network& network, const RepairTask& task) {
            correct_bias(network, task.layer, task.weight * task.mask, task.means);
          }};
}

}  // namespace ncprune::repairs_files
