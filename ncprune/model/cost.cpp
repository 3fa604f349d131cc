#include "ncprune/model/cost.h"

#include <ATen/ops/zeros.h>

#include <algorithm>

#include "ncprune/model/interpreter.h"
#include "ncprune/model/rows.h"

namespace ncprune {
namespace {

// The values called `names` for one sample of zeros.
std::vector<at::Tensor> values_of_one(const Network& network,
                                      const std::vector<std::string>& names) {
  const at::NoGradGuard no_grad;
  std::vector<int64_t> shape;
  shape.reserve(network.input.shape.size());
  for (const int64_t n : network.input.shape) shape.push_back(std::max<int64_t>(n, 1));
  return run(network, at::zeros(shape), names);
}

// The multiply-adds of a node with its weight, an initializer; `output` is what it gives.
int64_t macs_of(const Node& node, const at::Tensor& weight, const at::Tensor& output) {
  if (weight.numel() == 0) return 0;
  if (node.op_type == "Conv") return weight.numel() / weight.size(0) * output.numel();
  const bool transposed = node.op_type == "Gemm" && node.integer("transB", 0) != 0;
  return output.numel() * weight.size(transposed ? -1 : -2);
}

}  // namespace

NetworkCost cost(const Network& network) {
  NetworkCost cost{0, 0};
  for (const auto& [name, tensor] : network.initializers) {
    if (tensor.is_floating_point()) cost.parameters += tensor.numel();
  }
  std::vector<const Node*> nodes;
  std::vector<std::string> outputs;
  for (const Node& node : network.nodes) {
    const bool multiplies =
        node.op_type == "Gemm" || node.op_type == "MatMul" || node.op_type == "Conv";
    if (!multiplies || node.inputs.size() < 2) continue;
    const auto weight = network.initializers.find(node.inputs[1]);
    if (weight == network.initializers.end() || weight->second.dim() < 2) continue;
    nodes.push_back(&node);
    outputs.push_back(node.outputs.front());
  }
  const std::vector<at::Tensor> values = values_of_one(network, outputs);
  for (size_t i = 0; i < nodes.size(); ++i) {
    cost.macs += macs_of(*nodes[i], network.initializers.at(nodes[i]->inputs[1]), values[i]);
  }
  return cost;
}

std::vector<int64_t> rows_per_sample(const Network& network, const std::vector<Layer>& layers) {
  std::vector<std::string> inputs;
  inputs.reserve(layers.size());
  for (const Layer& layer : layers) inputs.push_back(layer.input);
  const std::vector<at::Tensor> values = values_of_one(network, inputs);
  std::vector<int64_t> rows;
  rows.reserve(layers.size());
  for (size_t l = 0; l < layers.size(); ++l) {
    rows.push_back(every_row(layers[l], values[l], 1).per_sample);
  }
  return rows;
}

}  // namespace ncprune
