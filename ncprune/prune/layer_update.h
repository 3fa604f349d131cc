#pragma once

#include "ncprune/prune/reconstruction.h"
#include "ncprune/stats/layerwise.h"

namespace ncprune {

// The repair of one layer: what is to stay, and the moments to repair it with.
struct LayerUpdate {
  const LayerMoments& moments;
  at::Tensor mask;  // bool [m, d]
  double damping;   // see MetricOptions
};

// Puts the exact least-squares weights on the mask into the layer of `network`, whose weight must
// still be the dense one; a layer with a bias gets b = E[z] - V E[x~], which takes up the means,
// and one with BatchNormalization behind it the same by the mean of that.
void update_layer(Network& network, const Layer& layer, const LayerUpdate& update);

// Puts `weight` [m, d] into the layer, and the bias that goes with it by the means of `moments`.
void set_layer(Network& network, const Layer& layer, const at::Tensor& weight,
               const LayerMoments& moments);

// Where the means of a layer come from.
struct MeanSource {
  LayerwiseMoments& measured;
  const MetricOptions& options;
};

// Puts `weight` [m, d] into the layer, and the bias that leaves the mean of every pre-activation
// (averaged over classes as the balance says) where it is in the dense network: b = E[z] - V E[x~].
// Only means are measured. A layer without a bias or BatchNormalization just gets the weight.
void correct_bias(Network& network, const Layer& layer, const at::Tensor& weight,
                  const MeanSource& means);

}  // namespace ncprune
