#include "ncprune/prune/search_metric.h"

namespace ncprune::search_metrics_files {

// The second moment, with which OBC, SparseGPT and ALPS were published. Noise belongs to the data
// and not to the metric.
SearchMetric plain() {
  return {.summary = "the second moment: averages over samples",
          .of =
              [](const MetricOptions& recipe) {
                return MetricOptions{.kappa = 1,
                                     .balance = 0,
                                     .shrinkage = 0,
                                     .damping = recipe.damping,
                                     .noise = recipe.noise};
              },
          .class_aware = false};
}

}  // namespace ncprune::search_metrics_files
