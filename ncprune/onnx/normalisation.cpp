#include "ncprune/onnx/normalisation.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

namespace ncprune {
namespace {

bool says_in_graph(const Metadata& metadata) {
  const auto entry = metadata.other.find(kNormalisationEntry);
  return entry != metadata.other.end() && entry->second == kInGraph;
}

// Whether an operation with `tensor` leaves samples of the network's input their shape.
bool broadcasts_to_sample(const at::Tensor& tensor, const Network& network) {
  const std::vector<int64_t>& shape = network.input.shape;
  const auto rank = static_cast<int64_t>(shape.size());
  if (tensor.dim() > rank) return false;
  for (int64_t axis = 1; axis <= tensor.dim(); ++axis) {
    const bool is_batch = axis == rank;
    const int64_t wanted = is_batch ? 1 : shape[static_cast<size_t>(rank - axis)];
    if (tensor.size(-axis) != 1 && tensor.size(-axis) != wanted) return false;
  }
  return true;
}

bool can_normalise_in_graph(const Network& network) {
  const Metadata& metadata = network.metadata;
  const auto fits = [&](const at::Tensor& tensor) {
    return !tensor.defined() || broadcasts_to_sample(tensor, network);
  };
  return network.input.type == at::kFloat && network.parts.empty() && network.storage.empty() &&
         !metadata.channels_last && fits(metadata.input_mean) && fits(metadata.input_scale);
}

// The metadata are in the order of the raw channels, the graph takes them as the metadata say.
at::Tensor in_other_order(const at::Tensor& tensor, const Metadata& metadata) {
  const bool flips = metadata.reversed_channels && tensor.dim() >= 3;
  return flips ? tensor.flip({tensor.dim() - 3}).contiguous() : tensor;
}

// The second operand of the only node that reads `value`, if that is a constant of its own.
struct Step {
  size_t node;
  at::Tensor constant;
};

std::optional<Step> step_of(const Network& network, const std::string& value,
                            const std::string& op_type) {
  const std::vector<int64_t> readers = consumers(network, value);
  if (readers.size() != 1 || value == network.output.name) return std::nullopt;
  const auto index = static_cast<size_t>(readers.front());
  const Node& node = network.nodes[index];
  if (node.op_type != op_type || !node.domain.empty()) return std::nullopt;
  if (node.inputs.size() != 2 || node.inputs[0] != value || node.outputs.size() != 1 ||
      node.outputs[0] == network.output.name) {
    return std::nullopt;
  }
  const auto constant = network.initializers.find(node.inputs[1]);
  if (constant == network.initializers.end()) return std::nullopt;
  const at::Tensor& tensor = constant->second;
  const bool usable = tensor.scalar_type() == at::kFloat && tensor.numel() > 0 &&
                      consumers(network, node.inputs[1]).size() == 1 &&
                      broadcasts_to_sample(tensor, network) &&
                      (op_type != "Div" || !tensor.eq(0).any().item<bool>());
  return usable ? std::optional(Step{index, tensor}) : std::nullopt;
}

// Takes out the node, whose readers read its first input instead.
void take_out(Network& network, size_t index) {
  const Node node = network.nodes[index];
  network.initializers.erase(node.inputs[1]);
  network.nodes.erase(network.nodes.begin() + static_cast<int64_t>(index));
  for (Node& reader : network.nodes) {
    std::replace(reader.inputs.begin(), reader.inputs.end(), node.outputs[0], node.inputs[0]);
  }
}

}  // namespace

void take_out_normalisation(Network& network) {
  Metadata& metadata = network.metadata;
  if (!says_in_graph(metadata) || metadata.input_mean.defined() || metadata.input_scale.defined() ||
      !can_normalise_in_graph(network)) {
    return;
  }
  const auto mean = step_of(network, network.input.name, "Sub");
  if (mean) {
    take_out(network, mean->node);
    metadata.input_mean = in_other_order(mean->constant, metadata);
  }
  if (const auto scale = step_of(network, network.input.name, "Div")) {
    take_out(network, scale->node);
    metadata.input_scale = in_other_order(scale->constant, metadata);
  }
}

Network with_file_normalisation(Network network) {
  Metadata& metadata = network.metadata;
  if (!says_in_graph(metadata)) return network;
  if (!metadata.input_mean.defined() && !metadata.input_scale.defined()) return network;
  if (!can_normalise_in_graph(network)) {
    metadata.other.erase(kNormalisationEntry);
    return network;
  }
  std::vector<Node> first;
  std::string value = network.input.name;
  const auto add = [&](const char* op_type, const std::string& what, const std::string& result,
                       at::Tensor& tensor) {
    if (!tensor.defined()) return;
    const std::string constant = fresh_name(network, network.input.name + what);
    network.initializers[constant] = in_other_order(tensor, metadata);
    const std::string output = fresh_name(network, network.input.name + result);
    first.push_back({op_type, "", {value, constant}, {output}, {}});
    value = output;
    tensor = at::Tensor();
  };
  add("Sub", ".mean", ".centred", metadata.input_mean);
  add("Div", ".scale", ".normalised", metadata.input_scale);
  for (Node& node : network.nodes) {
    std::replace(node.inputs.begin(), node.inputs.end(), network.input.name, value);
  }
  network.nodes.insert(network.nodes.begin(), std::make_move_iterator(first.begin()),
                       std::make_move_iterator(first.end()));
  return network;
}

}  // namespace ncprune
