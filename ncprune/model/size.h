#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ncprune/model/network.h"

namespace ncprune {

struct LayerSize {
  std::string name;
  int64_t weights;
  int64_t kept;  // weights that are not zero
};

// How large a network is. Parameters and multiply-adds count zeros.
struct NetworkSize {
  int64_t parameters;
  int64_t macs;                   // multiply-adds of one sample
  std::vector<LayerSize> layers;  // that multiply by a weight, the head included
};
NetworkSize network_size(const Network& network);

}  // namespace ncprune
