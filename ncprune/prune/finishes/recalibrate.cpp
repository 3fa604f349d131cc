#include "ncprune/prune/recalibrate.h"
#include "ncprune/prune/finish.h"

namespace ncprune::finishes_files {

Finish recalibrate() {
  return {.summary = "statistics of BatchNormalization recalibrated on the training samples",
          .source = "Ioffe, Szegedy 2015",
          .apply = [](const NetworkPair& pair, const Dataset& data, const MetricOptions&) {
            return recalibrated(pair.pruned, data);
          }};
}

}  // namespace ncprune::finishes_files
