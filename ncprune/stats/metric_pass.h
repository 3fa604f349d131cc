#pragma once

#include <functional>
#include <vector>

#include "ncprune/stats/metric.h"
#include "ncprune/stats/network_pair.h"
#include "ncprune/stats/pass.h"

namespace ncprune {

// How the samples of a metric count: those of a class by `class_weights`, within it by the margin
// of `options`; and the noise on what the pruned network sees.
struct SampleWeighting {
  const std::vector<double>& class_weights;
  const MetricOptions& options;
};

struct MetricBatch {
  WeightedBatch batch;  // as the pruned network sees it
  at::Tensor clean;     // the inputs without noise, for the dense one
};

// for_each_batch over `data` with the weights and the noise of a metric.
void for_each_metric_batch(const NetworkPair& pair, const Dataset& data,
                           const SampleWeighting& weighting,
                           const std::function<void(const MetricBatch&)>& visit);

}  // namespace ncprune
