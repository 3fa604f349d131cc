#include "ncprune/stats/moments.h"

namespace ncprune {

const std::vector<MetricField>& metric_fields() {
  static const std::vector<MetricField> table{
      {"kappa", "weight of the class means in the metric", &MetricOptions::kappa, 1e6},
      {"balance", "0 averages over samples, 1 over classes", &MetricOptions::balance, 1},
      {"shrinkage", "samples at which a class's scatter is half the pool's",
       &MetricOptions::shrinkage, 1e6},
      {"damping", "ridge, as a share of the metric's mean diagonal", &MetricOptions::damping, 1e6},
      {"margin", "share of a sample's weight that goes by its indecision", &MetricOptions::margin,
       1},
      {"noise", "standard deviation of the input noise to prepare for", &MetricOptions::noise, 1e6},
  };
  return table;
}

}  // namespace ncprune
