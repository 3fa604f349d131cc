#include "ncprune/model/layers.h"

#include <algorithm>
#include <array>
#include <optional>

#include "ncprune/base/error.h"

namespace ncprune {
namespace {

// Elementwise activations: they map z to h unit by unit.
constexpr std::array kActivations{"Relu", "LeakyRelu", "Tanh", "Sigmoid"};

bool is_private_matrix(const Network& network, const std::string& name) {
  const auto found = network.initializers.find(name);
  return found != network.initializers.end() && found->second.dim() == 2 &&
         found->second.is_floating_point() && consumers(network, name).size() == 1;
}

// The only node that reads `value`, if there is exactly one and `value` is not the graph's output.
const Node* only_reader(const Network& network, const std::string& value) {
  const std::vector<int64_t> readers = consumers(network, value);
  if (readers.size() != 1 || value == network.output.name) return nullptr;
  return &network.nodes[static_cast<size_t>(readers.front())];
}

// A MatMul's bias is an Add of a vector behind it.
void absorb_add(const Network& network, Layer& layer) {
  const Node* add = only_reader(network, layer.output);
  if (add == nullptr || add->op_type != "Add") return;
  const std::string& other =
      add->inputs.at(0) == layer.output ? add->inputs.at(1) : add->inputs.at(0);
  const auto found = network.initializers.find(other);
  if (found == network.initializers.end() || found->second.dim() != 1) return;
  if (found->second.size(0) != weight_of(network, layer).size(0)) return;
  if (consumers(network, other).size() != 1) return;
  layer.bias = other;
  layer.output = add->outputs.front();
}

std::optional<Layer> as_layer(const Network& network, size_t index) {
  const Node& node = network.nodes[index];
  const bool gemm = node.op_type == "Gemm";
  if ((!gemm && node.op_type != "MatMul") || node.inputs.size() < 2) return std::nullopt;
  if (!is_private_matrix(network, node.inputs[1])) return std::nullopt;
  Layer layer;
  layer.name = node.name.empty() ? node.inputs[1] : node.name;
  layer.weight = node.inputs[1];
  layer.transposed = gemm && node.integer("transB", 0) != 0;
  layer.input = node.inputs[0];
  layer.output = node.outputs.front();
  layer.node = static_cast<int64_t>(index);
  if (gemm) {
    const bool plain = node.integer("transA", 0) == 0 && node.number("alpha", 1) == 1 &&
                       node.number("beta", 1) == 1;
    if (!plain) return std::nullopt;
    if (node.inputs.size() > 2 && !node.inputs[2].empty()) {
      const auto bias = network.initializers.find(node.inputs[2]);
      const bool vector = bias != network.initializers.end() && bias->second.dim() == 1 &&
                          bias->second.size(0) == weight_of(network, layer).size(0) &&
                          consumers(network, node.inputs[2]).size() == 1;
      if (!vector) return std::nullopt;
      layer.bias = node.inputs[2];
    }
  } else {
    absorb_add(network, layer);
  }
  layer.activation = layer.output;
  const Node* reader = only_reader(network, layer.output);
  if (reader != nullptr && reader->op_type == "BatchNormalization") {
    layer.activation = reader->outputs.front();
    reader = only_reader(network, layer.activation);
  }
  if (reader != nullptr &&
      std::find(kActivations.begin(), kActivations.end(), reader->op_type) != kActivations.end()) {
    layer.activation = reader->outputs.front();
  }
  return layer;
}

}  // namespace

std::vector<Layer> linear_layers(const Network& network) {
  std::vector<Layer> layers;
  for (size_t i = 0; i < network.nodes.size(); ++i) {
    if (std::optional<Layer> layer = as_layer(network, i)) layers.push_back(*std::move(layer));
  }
  return layers;
}

Layer head_layer(const Network& network) {
  const std::vector<Layer> layers = linear_layers(network);
  if (layers.empty() || layers.back().output != logits_value(network)) {
    throw InputError(
        "the network does not end in a fully connected layer (Gemm, or MatMul and Add) that gives "
        "the class scores");
  }
  return layers.back();
}

std::vector<Layer> prunable_layers(const Network& network) {
  head_layer(network);
  std::vector<Layer> layers = linear_layers(network);
  layers.pop_back();
  if (layers.empty()) {
    throw InputError("the network has no fully connected layer before its head: nothing to prune");
  }
  return layers;
}

at::Tensor weight_of(const Network& network, const Layer& layer) {
  const at::Tensor& stored = network.initializers.at(layer.weight);
  return layer.transposed ? stored : stored.t();
}

at::Tensor bias_of(const Network& network, const Layer& layer) {
  return layer.bias.empty() ? at::Tensor() : network.initializers.at(layer.bias);
}

void set_weight(Network& network, const Layer& layer, const at::Tensor& weight) {
  at::Tensor& stored = network.initializers.at(layer.weight);
  stored =
      (layer.transposed ? weight : weight.t()).to(stored.scalar_type(), false, true).contiguous();
}

void set_bias(Network& network, const Layer& layer, const at::Tensor& bias) {
  const at::ScalarType type = network.initializers.at(layer.weight).scalar_type();
  const at::Tensor copy = bias.to(type, false, true).contiguous();
  if (!layer.bias.empty()) {
    network.initializers.at(layer.bias) = copy;
    return;
  }
  const std::string name = fresh_name(network, layer.name + ".bias");
  network.initializers[name] = copy;
  Node& node = network.nodes[static_cast<size_t>(layer.node)];
  if (node.op_type == "Gemm") {
    node.inputs.resize(3);
    node.inputs[2] = name;
    return;
  }
  // The Add takes over the product's name, so that its readers need not change.
  const std::string product = fresh_name(network, layer.output + ".product");
  Node add{"Add", node.name.empty() ? "" : node.name + ".add", {product, name}, {layer.output}, {}};
  node.outputs.front() = product;
  network.nodes.insert(network.nodes.begin() + layer.node + 1, std::move(add));
}

}  // namespace ncprune
