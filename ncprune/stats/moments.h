#pragma once

#include <string>
#include <vector>

#include "ncprune/data/dataset.h"
#include "ncprune/model/activation_cache.h"
#include "ncprune/model/layers.h"
#include "ncprune/model/network.h"

namespace ncprune {

// How class moments become one metric. With per-class mean mu_c and covariance S_c (divided by n_c)
// of a layer's input,
//   H = sum_c pi_c (S*_c + kappa (mu_c - mu)(mu_c - mu)^T),   mu = sum_c pi_c mu_c
// for a layer with a bias or BatchNormalization, which takes up mu, and with mu = 0 for another.
// The first term weighs scatter added inside the classes (Neural Collapse's NC1), the second the
// displacement of their means (NC2, NC3).
struct MetricOptions {
  // Weight of the class means against the within-class scatter; 1 is the second moment. >= 0.
  double kappa = 3;
  // pi_c ~ n_c^(1 - balance): 0 averages over samples, 1 over classes. In [0, 1].
  double balance = 1;
  // S*_c = a S_c + (1 - a) S_pool, a = (n_c - 1) / (n_c - 1 + shrinkage); S_pool is the average of
  // S_c over samples. A class with one sample has the pool's scatter. >= 0.
  double shrinkage = 20;
  // Ridge added to H in solves, as a share of H's mean diagonal. >= 0.
  double damping = 0.01;
  // Share of a sample's weight in its class that goes by how undecided the dense network is about
  // it: weight (1 - margin) + margin u_i / mean_c(u), u_i = 1 - sum_k p_ik^2. In [0, 1].
  double margin = 0;
  // Standard deviation of the Gaussian noise on the raw inputs the pruned network sees (clipped to
  // the data's range); the dense targets stay clean. >= 0.
  double noise = 0;

  bool operator==(const MetricOptions&) const = default;
};

// The fields of MetricOptions by name, for command lines and files.
struct MetricField {
  std::string name;
  std::string summary;
  double MetricOptions::*field;
  double most;  // of the range [0, most]; beyond it nothing but rounding is left of the rest
};
const std::vector<MetricField>& metric_fields();

// The share a that a class of `count` samples has in its own S*_c, in [0, 1).
double own_scatter(int64_t count, double shrinkage);

// pi_c, K of them, summing to 1; 0 for a class without samples. Throws InputError when there are no
// samples at all.
std::vector<double> class_weights(const std::vector<int64_t>& counts, double balance);

// The moments of one layer, [d] inputs, [m] outputs; all double. Of a layer with many rows a sample
// (rows.h) the averages over samples run over kRowsPerSample of those (pass.h), which share the
// sample's weight.
struct LayerMoments {
  // [d, d]: H of the pruned network's input x~, without damping but for 4e-7 of the mean squares'
  // sum on the diagonal, which lifts constant features above the rounding of float products.
  at::Tensor metric;
  at::Tensor cross;        // [m, d]: C, as H but of (dense pre-activation z, x~)
  at::Tensor input_mean;   // [d]: sum_c pi_c E_c[x~], averaged over classes as pi says
  at::Tensor target_mean;  // [m]: the same of z
  at::Tensor class_means;  // [K, d]: E_c[x~]; zero for a class without samples
};

// `metric` with `damping` times its mean diagonal added to the diagonal: positive definite. A
// metric of zeros (inputs that never fire) becomes the identity.
at::Tensor damped(const at::Tensor& metric, double damping);

// What measurements of one layer after the other keep of their passes, so that each goes on where
// the last one stopped.
struct PairCache {
  ActivationCache dense;
  ActivationCache pruned;
};

// A dense network and the same network with some layers already pruned. `pruned` shares the tensors
// that were not changed, and layers are named alike in both.
struct NetworkPair {
  const Network& dense;
  const Network& pruned;
  PairCache* cache = nullptr;  // for passes over the same samples; none: all run from the input
};

// The same of what the layers' units give: `metric` [m, m] of `activation`, averaged over a
// sample's positions, as a layer without a bias would see it. `cross` and `target_mean` stay
// undefined.
struct UnitQuery {
  const std::vector<Layer>& layers;
  bool diagonal = false;  // of `metric` only its diagonal, [m]
};
std::vector<LayerMoments> measure_unit_moments(const Network& network, const UnitQuery& query,
                                               const Dataset& data, const MetricOptions& options);

// The means alone, `input_mean` [d] and `target_mean` [m], over all of `data` with the balance,
// margin and noise of `options`: one forward pass of each network (from where the pair's cache is)
// and no products of its own. The rest stays undefined. Throws InputError when there are no
// samples.
std::vector<LayerMoments> measure_means(const NetworkPair& pair, const std::vector<Layer>& layers,
                                        const Dataset& data, const MetricOptions& options);

// At most `per_class` samples of every class where classes count alike (balance 1); else about as
// many in all, at even distances, which keeps the classes' shares.
Dataset some_samples(const Dataset& data, int64_t per_class, double balance);

// How many samples of a class suffice for the moments of each layer: so many that it has 8192 rows
// of the class (kRowsPerClass). A fully connected layer beside layers with many rows a sample, as
// the head of a convolutional network, needs no more than the one with the most, unless its rows
// would be fewer than eight times its inputs. Runs the network on one sample.
std::vector<int64_t> enough_per_class(const Network& network, const std::vector<Layer>& layers,
                                      int64_t num_classes);

// The moments of `layers`, in one pass over `data`. Where nothing before a layer was changed, z is
// an exact linear map of x~ and C = W H needs no pass. Time: one forward pass of each network up to
// the last layer (from where the pair's cache is) and d^2 / 2 multiply-adds per row and layer;
// memory O(d^2 + K d) per layer, whatever the number of samples.
std::vector<LayerMoments> measure_moments(const NetworkPair& pair, const std::vector<Layer>& layers,
                                          const Dataset& data, const MetricOptions& options);

}  // namespace ncprune
