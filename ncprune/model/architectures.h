#pragma once

#include <functional>
#include <string>
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
  // `sample_shape` is one sample's shape; the weights are drawn from `random`.
  std::function<Network(const Spec&, const std::vector<int64_t>& sample_shape, int64_t num_classes,
                        Random& random)>
      build;
};

// Every file in architectures/ is one.
const std::vector<Architecture>& architectures();

// Throws InputError on an unknown name or option.
Network build_network(const std::string& spec, const std::vector<int64_t>& sample_shape,
                      int64_t num_classes, Random random);

}  // namespace ncprune
