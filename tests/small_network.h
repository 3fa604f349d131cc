#pragma once

#include <ATen/ops/tensor.h>

#include <string>
#include <vector>

#include "ncprune/data/synthetic.h"
#include "ncprune/model/architectures.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/model/layers.h"

namespace ncprune {

// Networks and data small enough for a naive reference.

// counts[c] samples of each Gaussian class.
inline Dataset gaussian_data(const std::vector<int64_t>& counts, int64_t features,
                             uint64_t seed = 1) {
  const GaussianOptions options{
      .classes = static_cast<int64_t>(counts.size()), .features = features, .spread = 1.5};
  return sample(gaussian_classes(options, Random(seed)), counts, Random(seed + 1));
}

// An untrained network that takes `data`.
inline Network network_for(const Dataset& data, const std::string& spec, uint64_t seed = 3) {
  return build_network(spec, data.sample_shape(), data.num_classes(), Random(seed));
}

// `network` with its weights transposed: MatMul and Add instead of Gemm.
inline Network as_matmul(Network network) {
  for (size_t i = 0; i < network.nodes.size(); ++i) {
    const Node gemm = network.nodes[i];
    if (gemm.op_type != "Gemm") continue;
    at::Tensor& weight = network.initializers.at(gemm.inputs[1]);
    weight = weight.t().contiguous();
    const std::string product = gemm.name + ".product";
    network.nodes[i] = {"MatMul", gemm.name, {gemm.inputs[0], gemm.inputs[1]}, {product}, {}};
    network.nodes.insert(network.nodes.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                         {"Add", gemm.name + ".add", {product, gemm.inputs[2]}, gemm.outputs, {}});
  }
  return network;
}

// A multilayer perceptron as the convolutional network it equals: every feature is a channel of one
// place, every layer but the head a convolution of kernel 1.
inline Network as_convolutions(Network network) {
  const int64_t features = network.nodes.at(1).op_type == "Gemm"
                               ? network.initializers.at(network.nodes[1].inputs[1]).size(1)
                               : 0;
  network.input.shape = {-1, features, 1};
  network.nodes.front() = {
      "Identity", "", network.nodes.front().inputs, network.nodes.front().outputs, {}};
  for (Node& node : network.nodes) {
    if (node.op_type != "Gemm" || node.name == "head") continue;
    at::Tensor& weight = network.initializers.at(node.inputs[1]);
    weight = weight.unsqueeze(2);
    node.op_type = "Conv";
    node.attributes.clear();
  }
  Node& head = network.nodes.back();
  const Node flatten{"Flatten", "", {head.inputs.front()}, {"last"}, {}};
  head.inputs.front() = "last";
  network.nodes.insert(network.nodes.end() - 1, flatten);
  return network;
}

// The value `name` of `network`, [N, ...], for all of `data`.
inline at::Tensor value_of(const Network& network, const Dataset& data, const std::string& name) {
  const at::NoGradGuard no_grad;
  return run(network, prepare_inputs(network, data.inputs), {name}).front();
}

inline at::Tensor doubles(const std::vector<double>& values, at::IntArrayRef shape) {
  return at::tensor(values, at::TensorOptions(at::kDouble)).view(shape);
}

inline at::Tensor floats(const std::vector<double>& values, at::IntArrayRef shape) {
  return doubles(values, shape).to(at::kFloat);
}

// A network that is its head alone, weight [K, d] and bias [K]: its features are the inputs.
inline Network head_alone(const at::Tensor& weight, const at::Tensor& bias) {
  Network network;
  network.input = {"input", {-1, weight.size(1)}};
  network.output = {"logits", {-1, weight.size(0)}};
  network.initializers = {{"weight", weight.to(at::kFloat)}, {"bias", bias.to(at::kFloat)}};
  const std::map<std::string, Attribute> transposed{{"transB", int64_t{1}}};
  network.nodes = {{"Gemm", "head", {"input", "weight", "bias"}, {"logits"}, transposed}};
  return network;
}

// Values drawn from N(0, 1); double.
inline at::Tensor normal(at::IntArrayRef shape, uint64_t seed) {
  Random random(seed);
  return doubles(std::vector<double>(static_cast<size_t>(c10::multiply_integers(shape))), shape)
      .normal_(0, 1, random.generator());
}

}  // namespace ncprune
