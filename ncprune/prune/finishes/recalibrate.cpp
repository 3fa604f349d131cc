#include "ncprune/prune/recalibrate.h"
#include "ncprune/prune/finish.h"

namespace ncprune::finishes_files {

Finish recalibrate() {
  return {.summary = "statistics of channels recalibrated on the training samples",
          .source = "Ioffe, Szegedy 2015; Jordan, Sedghi, Saukh, Entezari, Neyshabur 2023",
          .apply = [](const NetworkPair& pair, const Dataset& data, const MetricOptions&) {
            return recalibrated(pair, data);
          }};
}

}  // namespace ncprune::finishes_files
