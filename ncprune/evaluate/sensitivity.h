#pragma once

#include <string>
#include <vector>

#include "ncprune/data/dataset.h"
#include "ncprune/model/network.h"

namespace ncprune {

struct SensitivityOptions {
  double sigma = 0.1;  // standard deviation of the noise e on the raw inputs; in (0, 1e6]
  int64_t draws = 4;   // of e per sample; in [1, 1000]
  // Derivatives use at most this many samples of every class; in [1, 10^6].
  int64_t per_class = 100;
  uint64_t seed = 0;
};

// Throws InputError when an option is out of range.
void require_valid(const SensitivityOptions& options);

// A measure of how much the output f moves with the input x: the mean over the samples of each
// class, NaN for a class without samples; and the mean over classes.
struct Sensitivity {
  std::string name;
  std::string summary;
  std::vector<double> classes;  // K
  double mean;
};

// By name, where f is the logits or their softmax, e the same Gaussian noise for every network with
// the same data and seed, not clipped, and J = df/dx of the logits:
//   shares, logits       E ||f(x + e) - f(x)|| / ||e||
//   shares-relative,     E (||f(x + e) - f(x)|| / ||f(x)||) / (||e|| / ||x||)
//   logits-relative
//   shares-by-size       E mean_k |f_k(x + e) - f_k(x)| / ||x||, f the softmax: what the published
//                        predecessor calls perturbation sensitivity
//   jacobian             ||J||, Frobenius; beyond 32 classes estimated from 32 random projections
//                        (Hoffman, Roberts, Yaida 2019)
//   lipschitz            ||f(x + d) - f(x)|| / ||d||, d a step of a hundredth of ||x|| along the
//                        steepest of those projections: a lower bound on the local Lipschitz number
// A sample of zeros has no relative measure and is skipped there. Throws InputError when an option
// is out of range, the data do not fit, or the network cannot be differentiated.
std::vector<Sensitivity> measure_sensitivity(const Network& network, const Dataset& data,
                                             const SensitivityOptions& options = {});

}  // namespace ncprune
