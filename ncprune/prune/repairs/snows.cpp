#include "ncprune/prune/deep_reconstruction.h"
#include "ncprune/prune/repair.h"

namespace ncprune::repairs_files {

Repair snows() {
  return {
      .summary = "the remaining weights preserve the values behind the layer, by Newton's method",
      .source = "Lucas, Mazumder 2025",
      .apply = [](Network& network, const RepairTask& task) {
        set_weight(network, task.layer, task.weight * task.mask);
        set_weight(network, task.layer,
                   reconstruct_deeply({task.dense, network, task.layer, task.mask, task.data}));
      }};
}

}  // namespace ncprune::repairs_files
