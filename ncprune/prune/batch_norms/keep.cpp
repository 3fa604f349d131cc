#include "ncprune/prune/batch_norm.h"

namespace ncprune::batch_norm_treatments_files {

BatchNormTreatment keep() {
  return {.summary = "as trained",
          .source = "",
          .apply = [](const NetworkPair& pair, const Dataset&,
                      const MetricOptions&) { return pair.pruned; },
          .changes = false};
}

}  // namespace ncprune::batch_norm_treatments_files
