#pragma once

#include <string>
#include <vector>

#include "ncprune/base/random.h"

namespace ncprune {

// How often an epoch draws each class. An epoch always has N draws. The draws of class c are
// proportional to n_c^exponent (Kang et al. 2020), rounded so that they add up to N (remainders go
// to the classes that lost most, ties to the lower class). Within a class the samples' numbers of
// draws differ by at most one.
struct Sampler {
  std::string name;
  std::string summary;
  std::string source;
  double exponent;
};

// class-balanced, natural, square-root.
const std::vector<Sampler>& samplers();

// Draws per class in an epoch over `counts` samples per class [K]; their sum is that of the counts.
// A class without samples gets none.
std::vector<int64_t> epoch_shares(const std::vector<int64_t>& counts, const Sampler& sampler);

// One epoch's draws: indices into `labels` (int64 [N], in [0, K)), int64 [N], shuffled. Takes the
// next numbers from `random`.
at::Tensor epoch_order(const at::Tensor& labels, const std::vector<int64_t>& shares,
                       Random& random);

}  // namespace ncprune
