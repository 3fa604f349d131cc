#include "ncprune/model/cost.h"

#include <ATen/ops/zeros.h>

#include <algorithm>

#include "ncprune/model/interpreter.h"

namespace ncprune {
namespace {

// A node that multiplies with a weight, and the number of its outputs for one sample.
struct Product {
  const Node& node;
  const at::Tensor& weight;
  int64_t outputs;

  bool convolves() const { return node.op_type == "Conv"; }

  // Multiply-adds for one output of a row.
  int64_t inputs() const {
    if (convolves()) return weight.numel() / weight.size(0);
    const bool transposed = node.op_type == "Gemm" && node.integer("transB", 0) != 0;
    return weight.size(transposed ? -1 : -2);
  }
};

std::vector<Product> products(const Network& network) {
  std::vector<Product> all;
  std::vector<std::string> outputs;
  for (const Node& node : network.nodes) {
    const bool multiplies =
        node.op_type == "Gemm" || node.op_type == "MatMul" || node.op_type == "Conv";
    if (!multiplies || node.foreign || node.inputs.size() < 2) continue;
    const auto weight = network.initializers.find(node.inputs[1]);
    if (weight == network.initializers.end() || weight->second.dim() < 2) continue;
    if (weight->second.numel() == 0) continue;
    all.push_back({node, weight->second, 0});
    outputs.push_back(node.outputs.front());
  }
  const at::NoGradGuard no_grad;
  std::vector<int64_t> shape;
  shape.reserve(network.input.shape.size());
  for (const int64_t n : network.input.shape) shape.push_back(std::max<int64_t>(n, 1));
  const std::vector<at::Tensor> values = run(network, at::zeros(shape), outputs);
  for (size_t i = 0; i < all.size(); ++i) all[i].outputs = values[i].numel();
  return all;
}

}  // namespace

bool convolves(const Network& network) {
  return std::any_of(network.nodes.begin(), network.nodes.end(),
                     [](const Node& node) { return node.op_type == "Conv"; });
}

NetworkCost cost(const Network& network) {
  NetworkCost cost{0, 0};
  for (const auto& [name, tensor] : network.initializers) {
    if (tensor.is_floating_point()) cost.parameters += tensor.numel();
  }
  for (const Product& product : products(network)) {
    cost.macs += product.inputs() * product.outputs;
  }
  return cost;
}

std::map<std::string, int64_t> rows_per_sample(const Network& network) {
  std::map<std::string, int64_t> rows;
  for (const Product& product : products(network)) {
    rows[product.node.inputs[1]] = product.outputs * product.inputs() / product.weight.numel();
  }
  return rows;
}

}  // namespace ncprune
