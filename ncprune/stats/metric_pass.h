#pragma once

#include <functional>
#include <vector>

#include "ncprune/stats/metric.h"
#include "ncprune/stats/network_pair.h"
#include "ncprune/stats/pass.h"

namespace ncprune {

// The weights of samples in a metric: `class_weights` for each class and options.margin within it;
// and options.noise on the pruned network's inputs.
struct SampleWeighting {
  const std::vector<double>& class_weights;
  const MetricOptions& options;
};

struct MetricBatch {
  WeightedBatch batch;  // as the pruned network sees it
  at::Tensor clean;     // the inputs without noise, for the dense network
};

// for_each_batch over `data` with the weights and the noise of a metric.
void for_each_metric_batch(const NetworkPair& pair, const Dataset& data,
                           const SampleWeighting& weighting,
                           const std::function<void(const MetricBatch&)>& visit);

}  // namespace ncprune
