#pragma once

#include <vector>

#include "ncprune/data/dataset.h"
#include "ncprune/model/layers.h"
#include "ncprune/stats/metric.h"
#include "ncprune/stats/network_pair.h"

namespace ncprune {

// The moments of one layer with d inputs and m outputs; all double. In a layer with many rows per
// sample (rows.h), averages over samples run over kRowsPerSample rows of each (sampling.h), which
// share the sample's weight.
struct LayerMoments {
  // [d, d]: H of the pruned network's input x~, not damped except for 4e-7 of the sum of mean
  // squares on the diagonal, which lifts constant features above the rounding of float products.
  at::Tensor metric;
  at::Tensor cross;        // [m, d]: C, like H but for (dense pre-activation z, x~)
  at::Tensor input_mean;   // [d]: sum_c pi_c E_c[x~], averaged over classes as pi says
  at::Tensor target_mean;  // [m]: sum_c pi_c E_c[z]
  at::Tensor class_means;  // [K, d]: E_c[x~]; zero for a class without samples
};

// Moments of the activations h of each layer's units instead of its inputs: `metric` [m, m],
// averaged over a sample's positions, as a layer without a bias would see it. `cross` and
// `target_mean` stay undefined.
struct UnitQuery {
  const std::vector<Layer>& layers;
  bool diagonal = false;  // `metric` is only its diagonal, [m]
};
std::vector<LayerMoments> measure_unit_moments(const Network& network, const UnitQuery& query,
                                               const Dataset& data, const MetricOptions& options);

// Only the means, `input_mean` [d] and `target_mean` [m], over all of `data` with the balance,
// margin and noise of `options`: one forward pass of each network (from the pair's cache) and no
// further products. The other fields stay undefined. Throws InputError when there are no samples.
std::vector<LayerMoments> measure_means(const NetworkPair& pair, const std::vector<Layer>& layers,
                                        const Dataset& data, const MetricOptions& options);

// The moments of `layers`, in one pass over `data`. If nothing before a layer was changed, z is an
// exact linear map of x~ and C = W H needs no pass. Time: one forward pass of each network up to
// the last layer (from the pair's cache) and d^2 / 2 multiply-adds per row and layer; memory
// O(d^2 + K d) per layer for any number of samples.
std::vector<LayerMoments> measure_moments(const NetworkPair& pair, const std::vector<Layer>& layers,
                                          const Dataset& data, const MetricOptions& options);

}  // namespace ncprune
