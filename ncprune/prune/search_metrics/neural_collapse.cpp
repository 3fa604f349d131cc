#include "ncprune/prune/search_metric.h"

namespace ncprune::search_metrics_files {

SearchMetric neural_collapse() {
  return {.summary = "the recipe's metric: averages over classes",
          .of = [](const MetricOptions& recipe) { return recipe; },
          .class_aware = true};
}

}  // namespace ncprune::search_metrics_files
