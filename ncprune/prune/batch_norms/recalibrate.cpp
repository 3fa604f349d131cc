#include "ncprune/prune/batch_norm.h"

namespace ncprune::batch_norm_treatments_files {

BatchNormTreatment recalibrate() {
  return {.summary = "statistics recalibrated on the training samples",
          .source = "Ioffe, Szegedy 2015",
          .apply = [](const NetworkPair& pair, const Dataset& data, const MetricOptions&) {
            return recalibrate_batch_norm(pair.pruned, data);
          }};
}

}  // namespace ncprune::batch_norm_treatments_files
