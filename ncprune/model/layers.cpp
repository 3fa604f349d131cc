#include "ncprune/model/layers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "ncprune/base/error.h"

namespace ncprune {
namespace {

constexpr std::array kActivations{"Relu",        "LeakyRelu", "PRelu", "Elu",  "Selu",
                                  "Tanh",        "Sigmoid",   "Clip",  "Gelu", "Softplus",
                                  "HardSigmoid", "HardSwish", "Mish"};

// Whether this is a floating initializer that only this layer reads.
const at::Tensor* private_weight(const Network& network, const std::string& name) {
  const auto found = network.initializers.find(name);
  const bool is_private = found != network.initializers.end() &&
                          found->second.is_floating_point() && consumers(network, name).size() == 1;
  return is_private ? &found->second : nullptr;
}

// The only node that reads `value`, if there is exactly one and `value` is not the graph's output.
const Node* only_reader(const Network& network, const std::string& value) {
  const std::vector<int64_t> readers = consumers(network, value);
  if (readers.size() != 1 || value == network.output.name) return nullptr;
  return &network.nodes[static_cast<size_t>(readers.front())];
}

// The bias of a MatMul is an Add of a vector after it.
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

// Takes the third input as the bias. False if it is not an unshared vector.
bool absorb_input(const Network& network, const Node& node, Layer& layer) {
  if (node.inputs.size() < 3 || node.inputs[2].empty()) return true;
  const at::Tensor* bias = private_weight(network, node.inputs[2]);
  if (bias == nullptr || bias->dim() != 1 || bias->size(0) != weight_of(network, layer).size(0)) {
    return false;
  }
  layer.bias = node.inputs[2];
  return true;
}

// Sets the form of the weight. Returns false when `node` is not a layer.
bool set_form(const Node& node, const at::Tensor& weight, Layer& layer) {
  if (node.op_type == "Conv") {
    const bool depthwise = node.integer("group", 1) != 1 && weight.dim() > 1 && weight.size(1) == 1;
    if (weight.dim() < 3 || depthwise) return false;
    layer.convolution = {node, weight.sizes().slice(2).vec()};
    return true;
  }
  if (weight.dim() != 2) return false;
  layer.transposed = node.op_type == "Gemm" && node.integer("transB", 0) != 0;
  return node.op_type == "MatMul" || (node.integer("transA", 0) == 0 &&
                                      node.number("alpha", 1) == 1 && node.number("beta", 1) == 1);
}

// Follows z through the BatchNormalization and the activation after it.
std::string activation_behind(const Network& network, const std::string& output) {
  std::string value = output;
  const Node* reader = only_reader(network, value);
  if (reader != nullptr && reader->op_type == "BatchNormalization") {
    value = reader->outputs.front();
    reader = only_reader(network, value);
  }
  return reader != nullptr && is_activation(reader->op_type) ? reader->outputs.front() : value;
}

// The running mean that is subtracted only from z; empty when there is none.
std::string mean_behind(const Network& network, const std::string& output) {
  const Node* reader = only_reader(network, output);
  if (reader == nullptr || reader->op_type != "BatchNormalization" || reader->inputs.size() < 5) {
    return {};
  }
  return private_weight(network, reader->inputs[3]) == nullptr ? "" : reader->inputs[3];
}

// The layers of a node: none, one, or one for each group of a convolution.
std::vector<Layer> layers_of(const Network& network, size_t index) {
  const Node& node = network.nodes[index];
  const bool known = node.op_type == "Gemm" || node.op_type == "MatMul" || node.op_type == "Conv";
  if (!known || node.foreign || node.inputs.size() < 2) return {};
  const at::Tensor* weight = private_weight(network, node.inputs[1]);
  Layer layer;
  if (weight == nullptr || !set_form(node, *weight, layer)) return {};
  layer.name = node.name.empty() ? node.inputs[1] : node.name;
  layer.weight = node.inputs[1];
  layer.input = node.inputs[0];
  layer.output = node.outputs.front();
  layer.node = static_cast<int64_t>(index);
  if (node.op_type == "MatMul") {
    absorb_add(network, layer);
  } else if (!absorb_input(network, node, layer)) {
    return {};
  }
  layer.activation = activation_behind(network, layer.output);
  if (layer.bias.empty()) layer.norm_mean = mean_behind(network, layer.output);
  layer.groups = layer.convolution ? node.integer("group", 1) : 1;
  std::vector<Layer> layers(static_cast<size_t>(layer.groups), layer);
  for (size_t g = 0; g < layers.size(); ++g) layers[g].group = static_cast<int64_t>(g);
  return layers;
}

std::vector<Layer> without_groups(std::vector<Layer> layers) {
  layers.erase(std::remove_if(layers.begin(), layers.end(),
                              [](const Layer& layer) { return layer.groups > 1; }),
               layers.end());
  return layers;
}

}  // namespace

std::vector<Layer> linear_layers(const Network& network) {
  return without_groups(weight_layers(network));
}

std::vector<Layer> weight_layers(const Network& network) {
  std::vector<Layer> layers;
  for (size_t i = 0; i < network.nodes.size(); ++i) {
    for (Layer& layer : layers_of(network, i)) layers.push_back(std::move(layer));
  }
  return layers;
}

bool is_activation(const std::string& op_type) {
  return std::find(kActivations.begin(), kActivations.end(), op_type) != kActivations.end();
}

namespace {

// The weights of an operator that only ONNX Runtime knows.
void add_foreign(const Network& network, const Node& node, std::vector<OtherWeight>& others) {
  for (const std::string& input : node.inputs) {
    const auto weight = network.initializers.find(input);
    if (weight == network.initializers.end() || weight->second.dim() < 2) continue;
    others.push_back({input, weight->second.numel(), weight->second.size(0),
                      fmt::format("read by {}, which only ONNX Runtime knows", node.op_type),
                      false});
  }
}

}  // namespace

std::vector<OtherWeight> other_weights(const Network& network) {
  std::vector<OtherWeight> others;
  for (size_t i = 0; i < network.nodes.size(); ++i) {
    const Node& node = network.nodes[i];
    if (node.foreign) {
      add_foreign(network, node, others);
      continue;
    }
    const bool convolves = node.op_type == "Conv" || node.op_type == "ConvTranspose";
    const bool multiplies = convolves || node.op_type == "Gemm" || node.op_type == "MatMul";
    if (!multiplies || node.inputs.size() < 2) continue;
    const size_t layers = layers_of(network, i).size();
    if (layers == 1) continue;
    const auto weight = network.initializers.find(node.inputs[1]);
    if (weight == network.initializers.end() || weight->second.dim() < 2) continue;
    const int64_t groups = convolves ? node.integer("group", 1) : 1;
    const bool rows_first = node.op_type == "Conv" || node.integer("transB", 0) != 0;
    std::string reason = "a product that is more than input times weight";
    if (consumers(network, node.inputs[1]).size() > 1) reason = "its weights have several readers";
    if (node.op_type == "ConvTranspose") reason = "a transposed convolution";
    if (groups > 1) reason = fmt::format("a convolution of {} groups", groups);
    others.push_back({node.name.empty() ? node.inputs[1] : node.name, weight->second.numel(),
                      weight->second.size(rows_first                        ? 0
                                          : node.op_type == "ConvTranspose" ? 1
                                                                            : -1),
                      reason, layers > 1});
  }
  return others;
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
  std::vector<Layer> layers = weight_layers(network);
  const int64_t last = layers.empty() ? -1 : layers.back().node;
  while (!layers.empty() && layers.back().node == last) layers.pop_back();
  if (layers.empty()) {
    throw InputError(
        "the network has no fully connected layer or convolution before its head: nothing to "
        "prune");
  }
  return layers;
}

std::vector<Layer> unit_layers(const Network& network) {
  return without_groups(prunable_layers(network));
}

at::Tensor share_of(const Layer& layer, const at::Tensor& whole, int64_t axis) {
  if (layer.groups == 1) return whole;
  const int64_t size = whole.size(axis) / layer.groups;
  return whole.narrow(axis, layer.group * size, size);
}

at::Tensor weight_of(const Network& network, const Layer& layer) {
  return as_matrix(layer, network.initializers.at(layer.weight));
}

at::Tensor as_matrix(const Layer& layer, const at::Tensor& stored) {
  if (layer.convolution) return share_of(layer, stored, 0).flatten(1);
  return layer.transposed ? stored : stored.t();
}

at::Tensor as_stored(const Layer& layer, const at::Tensor& matrix) {
  if (!layer.convolution) return layer.transposed ? matrix : matrix.t();
  std::vector<int64_t> shape{matrix.size(0), -1};
  shape.insert(shape.end(), layer.convolution->kernel.begin(), layer.convolution->kernel.end());
  return matrix.reshape(shape);
}

at::Tensor bias_of(const Network& network, const Layer& layer) {
  return layer.bias.empty() ? at::Tensor()
                            : share_of(layer, network.initializers.at(layer.bias), 0);
}

namespace {

// Replaces the layer's share of an initializer by a copy: other networks may share the tensor.
void replace_share(Network& network, const std::string& name, const Layer& layer,
                   const at::Tensor& own) {
  at::Tensor& stored = network.initializers.at(name);
  at::Tensor changed = stored.clone(at::MemoryFormat::Contiguous);
  share_of(layer, changed, 0).copy_(own);
  stored = std::move(changed);
}

}  // namespace

void set_weight(Network& network, const Layer& layer, const at::Tensor& weight) {
  // A weight times a mask may be -0, which would come back as 0 from a file that stores no zeros.
  const at::Tensor plain = weight.masked_fill(weight.eq(0), 0);
  replace_share(network, layer.weight, layer, as_stored(layer, plain));
}

bool shifts(const Layer& layer) {
  return !layer.bias.empty() || !layer.norm_mean.empty();
}

void set_shift(Network& network, const Layer& layer, const at::Tensor& shift) {
  if (!layer.bias.empty()) {
    set_bias(network, layer, shift);
    return;
  }
  const at::Tensor mean = share_of(layer, network.initializers.at(layer.norm_mean), 0);
  replace_share(network, layer.norm_mean, layer, mean - shift);
}

void set_bias(Network& network, const Layer& layer, const at::Tensor& bias) {
  if (!layer.bias.empty()) {
    replace_share(network, layer.bias, layer, bias);
    return;
  }
  const at::ScalarType type = network.initializers.at(layer.weight).scalar_type();
  const at::Tensor copy = bias.to(type, false, true).contiguous();
  const std::string name = fresh_name(network, layer.name + ".bias");
  network.initializers[name] = copy;
  Node& node = network.nodes[static_cast<size_t>(layer.node)];
  if (node.op_type != "MatMul") {
    node.inputs.resize(3);
    node.inputs[2] = name;
    return;
  }
  // The Add takes the name of the product, so that its readers need not change.
  const std::string product = fresh_name(network, layer.output + ".product");
  Node add{"Add", node.name.empty() ? "" : node.name + ".add", {product, name}, {layer.output}, {}};
  node.outputs.front() = product;
  network.nodes.insert(network.nodes.begin() + layer.node + 1, std::move(add));
}

}  // namespace ncprune
