#pragma once

#include <set>
#include <vector>

#include "ncprune/stats/moments.h"

namespace ncprune {

// What a criterion can ask to have measured, per layer with weight [m, d].
enum class Statistic {
  kInputSquareMean,    // [d]: mean of x_j^2 over samples
  kScatterCovariance,  // [m, d]: sum over samples of (h_i - mu_c(h)) (x_j - mu_c(x)), h the
                       // activation
  kMetric,             // [d, d]: the Neural-Collapse metric of the dense network's input
  kOutputWeight,       // [m]: how much the class scores depend on each unit
};

// The statistics of one layer; tensors are double and undefined when not asked for.
struct LayerStatistics {
  at::Tensor input_square_mean;
  at::Tensor scatter_covariance;
  at::Tensor metric;
  at::Tensor output_weight;
};

// Measures what `needs` holds of `layers`. kScatterCovariance is sample-weighted, as its source has
// it; kMetric and kOutputWeight are averaged over classes as `options` says.
std::vector<LayerStatistics> measure_statistics(const Network& network,
                                                const std::vector<Layer>& layers,
                                                const Dataset& data,
                                                const std::set<Statistic>& needs,
                                                const MetricOptions& options);

// g_i = sum_c pi_c E_c ||d logits / d z_i||^2 of each layer's pre-activation z [m], the logits
// centred over the classes; double [m] per layer. Estimated with one random sign vector per sample
// (Hutchinson), on at most 256 samples of every class, drawn with a fixed seed: one forward and one
// backward pass over those.
std::vector<at::Tensor> output_weights(const Network& network, const std::vector<Layer>& layers,
                                       const Dataset& data, double balance);

}  // namespace ncprune
