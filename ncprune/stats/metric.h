#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ncprune/base/tensor.h"

namespace ncprune {

// How class moments are combined into one metric. With per-class mean mu_c and covariance S_c
// (divided by n_c) of a layer's input,
//   H = sum_c pi_c (S*_c + kappa (mu_c - mu)(mu_c - mu)^T),   mu = sum_c pi_c mu_c
// for a layer with a bias or BatchNormalization, which absorbs mu, and with mu = 0 for other
// layers. The first term penalises scatter added within the classes (Neural Collapse's NC1), the
// second the displacement of the class means (NC2, NC3).
struct MetricOptions {
  // Weight of the class means relative to the within-class scatter; 1 is the second moment. >= 0.
  double kappa = 1;
  // pi_c ~ n_c^(1 - balance): 0 averages over samples, 1 over classes. In [0, 1].
  double balance = 1;
  // S*_c = a S_c + (1 - a) S_pool, a = (n_c - 1) / (n_c - 1 + shrinkage); S_pool is the average of
  // S_c over samples. A class with one sample gets the pool's scatter. >= 0.
  double shrinkage = 20;
  // Ridge added to H in solves, as a share of H's mean diagonal. >= 0.
  double damping = 0.01;
  // Share of a sample's weight in its class that depends on how undecided the dense network is
  // about the sample: weight (1 - margin) + margin u_i / mean_c(u), u_i = 1 - sum_k p_ik^2. In
  // [0, 1].
  double margin = 0;
  // Standard deviation of the Gaussian noise on the pruned network's raw inputs (clipped to the
  // data's range); the dense targets stay clean. >= 0.
  double noise = 0;

  bool operator==(const MetricOptions&) const = default;
};

// The fields of MetricOptions by name, for command lines and files.
struct MetricField {
  std::string name;
  std::string summary;
  double max;  // values lie in [0, max]; beyond, the other terms vanish in rounding
  double (*get)(const MetricOptions& metric);
  void (*set)(MetricOptions& metric, double value);
};
const std::vector<MetricField>& metric_fields();

// The share a of S_c in S*_c for a class with `count` samples, in [0, 1).
double own_scatter(int64_t count, double shrinkage);

// The K weights pi_c, which sum to 1; 0 for a class without samples. Throws InputError when no
// class has samples.
std::vector<double> class_weights(const std::vector<int64_t>& counts, double balance);

// `metric` with `damping` times its mean diagonal added to the diagonal: positive definite. A
// metric of zeros (inputs that never fire) becomes the identity.
at::Tensor damped(const at::Tensor& metric, double damping);

}  // namespace ncprune
