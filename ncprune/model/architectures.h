#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "ncprune/base/random.h"
#include "ncprune/base/spec.h"
#include "ncprune/model/network.h"

namespace ncprune {

// A built-in network: a function that builds the graph.
struct Architecture {
  std::string name;
  std::string usage;    // "mlp:1000,200[?bias=false&...]"
  std::string summary;  // one line
  // `sample_shape` is the shape of one sample; the weights are drawn from `random`.
  std::function<Network(const Spec&, const std::vector<int64_t>& sample_shape, int64_t num_classes,
                        Random& random)>
      build;
};

// Every file in architectures/ is one architecture.
const std::vector<Architecture>& architectures();

// The argument "28-10" as 28 and 10, both from 1 to 1000. Throws InputError saying `wanted` on any
// other argument.
std::pair<int64_t, int64_t> pair_in(const Spec& spec, const std::string& wanted);

// Builds the network that `spec` describes. Throws InputError on an unknown name, argument or
// option, and on samples that do not fit.
Network build_network(const std::string& spec, const std::vector<int64_t>& sample_shape,
                      int64_t num_classes, Random random);

}  // namespace ncprune
