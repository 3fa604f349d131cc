#include "ncprune/model/size.h"

#include "ncprune/model/cost.h"
#include "ncprune/model/layers.h"

namespace ncprune {

NetworkSize network_size(const Network& network) {
  const NetworkCost whole = cost(network);
  NetworkSize size{whole.parameters, whole.macs, {}};
  for (const Layer& layer : weight_layers(network)) {
    const at::Tensor weight = weight_of(network, layer);
    if (layer.group == 0) size.layers.push_back({layer.name, 0, 0});
    size.layers.back().weights += weight.numel();
    size.layers.back().kept += weight.count_nonzero().item<int64_t>();
  }
  return size;
}

}  // namespace ncprune
