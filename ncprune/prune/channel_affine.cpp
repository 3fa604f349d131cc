#include "ncprune/prune/channel_affine.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/sum.h>

#include <algorithm>
#include <map>
#include <optional>

#include "ncprune/model/layers.h"

namespace ncprune {
namespace {

std::string described(const Node& node) {
  return node.label() + " (" + node.op_type + ")";
}

// `name` if it is an initializer that only one node reads, with this number of axes; else empty.
std::string own_initializer(const Network& network, const std::string& name, int64_t axes) {
  const auto found = network.initializers.find(name);
  const bool own = found != network.initializers.end() && found->second.dim() == axes &&
                   consumers(network, name).size() == 1;
  return own ? name : "";
}

std::string input_name(const Node& node, size_t index) {
  return index < node.inputs.size() ? node.inputs[index] : "";
}

bool is_adaptable_norm(const Network& network, const Node& node) {
  if (node.op_type != "BatchNormalization" && node.op_type != "LayerNormalization") return false;
  const auto vector = [&](size_t index) {
    const auto found = network.initializers.find(input_name(node, index));
    return found != network.initializers.end() && found->second.dim() == 1;
  };
  return vector(1) && vector(2);
}

// Whether only a BatchNormalization, which is adapted itself, reads the value.
bool is_normed(const Network& network, const std::string& value) {
  const std::vector<int64_t> readers = consumers(network, value);
  if (readers.size() != 1) return false;
  const Node& reader = network.nodes[static_cast<size_t>(readers.front())];
  return reader.op_type == "BatchNormalization" && is_adaptable_norm(network, reader);
}

std::optional<ChannelAffine> of_norm(const Network& network, const Node& node) {
  if (!is_adaptable_norm(network, node)) return std::nullopt;
  return ChannelAffine{.node = described(node),
                       .value = node.outputs.front(),
                       .last = node.op_type == "LayerNormalization",
                       .scale = node.inputs[1],
                       .shift = node.inputs[2]};
}

std::optional<ChannelAffine> of_convolution(const Network& network, const Node& node) {
  const auto weight = network.initializers.find(input_name(node, 1));
  if (node.op_type != "Conv" || node.foreign || weight == network.initializers.end()) {
    return std::nullopt;
  }
  return ChannelAffine{.node = described(node),
                       .value = node.outputs.front(),
                       .scale = own_initializer(network, node.inputs[1], weight->second.dim()),
                       .shift = own_initializer(network, input_name(node, 2), 1)};
}

}  // namespace

at::Tensor ChannelAffine::sums(const at::Tensor& y) const {
  std::vector<int64_t> positions;
  for (int64_t axis = last ? 1 : 2; axis < (last ? y.dim() - 1 : y.dim()); ++axis) {
    positions.push_back(axis);
  }
  if (positions.empty()) return y;
  const int64_t channels = y.size(last ? y.dim() - 1 : 1);
  // LibTorch adds up fast if the sums lie in the order of the values.
  at::Tensor sums = last || y.stride(0) > y.stride(1)
                        ? at::empty({y.size(0), channels}, y.options())
                        : at::empty({channels, y.size(0)}, y.options()).t();
  at::sum_out(sums, y, positions);
  return sums;
}

void adapt(Network& network, const ChannelAffine& affine, const at::Tensor& factor,
           const at::Tensor& delta) {
  if (!affine.shift.empty()) {
    at::Tensor& shifts = network.initializers.at(affine.shift);
    shifts = shifts + delta.to(shifts.dtype());
  }
  if (affine.scale.empty()) return;
  at::Tensor& scales = network.initializers.at(affine.scale);
  std::vector<int64_t> shape(static_cast<size_t>(scales.dim()), 1);
  shape[static_cast<size_t>(affine.scale_axis)] = -1;
  scales = scales * factor.to(scales.dtype()).view(shape);
}

std::vector<ChannelAffine> channel_affines(const Network& network) {
  std::map<int64_t, Layer> connected;  // fully connected layers by their node
  for (const Layer& layer : linear_layers(network)) {
    if (!layer.convolution) connected.emplace(layer.node, layer);
  }
  const std::string logits = logits_value(network);
  std::vector<ChannelAffine> affines;
  for (size_t i = 0; i < network.nodes.size(); ++i) {
    const Node& node = network.nodes[i];
    std::optional<ChannelAffine> affine = of_norm(network, node);
    if (!affine) affine = of_convolution(network, node);
    if (const auto found = connected.find(static_cast<int64_t>(i)); found != connected.end()) {
      const Layer& layer = found->second;
      affine = {.node = described(node),
                .value = layer.output,
                .last = true,
                .scale = layer.output == logits ? "" : layer.weight,
                .scale_axis = layer.transposed ? 0 : 1,
                .shift = own_initializer(network, layer.bias, 1)};
    }
    if (!affine || (affine->scale.empty() && affine->shift.empty())) continue;
    if (is_normed(network, affine->value)) continue;
    affines.push_back(std::move(*affine));
  }
  return affines;
}

}  // namespace ncprune
