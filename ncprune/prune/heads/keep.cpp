#include "ncprune/prune/head.h"

namespace ncprune::head_treatments_files {

HeadTreatment keep() {
  return {.summary = "the trained head unchanged",
          .source = "",
          .apply = [](const NetworkPair& pair, const Dataset&, const MetricOptions&) {
            return pair.pruned;
          }};
}

}  // namespace ncprune::head_treatments_files
