#include <ATen/ops/zeros.h>

#include <algorithm>

#include "fuzz/target.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/model/layers.h"
#include "ncprune/onnx/onnx.h"

// What was read can be looked at, run, written, and read again. (Reading runs it on one sample of
// zeros where the sample's shape is known.)
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return ncprune::fuzz(data, size, [](std::string_view bytes) {
    const ncprune::Network network = ncprune::parse_onnx(bytes, "input");
    for (const ncprune::Layer& layer : ncprune::linear_layers(network)) {
      ncprune::require(ncprune::weight_of(network, layer).dim() == 2);
    }
    const ncprune::Network again = ncprune::parse_onnx(ncprune::onnx_bytes(network), "again");
    ncprune::require(again.nodes.size() == network.nodes.size());
    ncprune::require(again.initializers.size() == network.initializers.size());

    std::vector<int64_t> shape = network.input.shape;
    for (int64_t& axis : shape) axis = std::max<int64_t>(axis, 2);
    int64_t values = 1;
    for (const int64_t axis : shape) values = std::min<int64_t>(values * axis, 1 << 20);
    if (values < 4096) ncprune::logits(network, at::zeros(shape));
  });
}
