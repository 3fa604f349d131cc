#pragma once

#include "ncprune/prune/reconstruction.h"
#include "ncprune/stats/layerwise.h"

namespace ncprune {

// The repair of one layer: the mask of the remaining weights, and the moments for the repair.
struct LayerUpdate {
  const LayerMoments& moments;
  at::Tensor mask;  // bool [m, d]
  double damping;   // see MetricOptions
};

// Writes the exact least-squares weights on the mask into the layer of `network`, whose weight must
// still be the dense one. A layer with a bias gets b = E[z] - V E[x~], which absorbs the change of
// the means; for a layer followed by BatchNormalization the mean of that absorbs it.
void update_layer(Network& network, const Layer& layer, const LayerUpdate& update);

// Writes `weight` [m, d] into the layer, and the matching bias from the means of `moments`.
void set_layer(Network& network, const Layer& layer, const at::Tensor& weight,
               const LayerMoments& moments);

// The source of a layer's means.
struct MeanSource {
  LayerwiseMoments& measured;
  const MetricOptions& options;
};

// Writes `weight` [m, d] into the layer, and the bias b = E[z] - V E[x~] that keeps the mean of
// every pre-activation (averaged over samples or classes as the balance says) as in the dense
// network. Only means are measured. A layer without a bias or BatchNormalization gets the weight
// alone.
void correct_bias(Network& network, const Layer& layer, const at::Tensor& weight,
                  const MeanSource& means);

}  // namespace ncprune
