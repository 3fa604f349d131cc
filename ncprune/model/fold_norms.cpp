#include "ncprune/model/fold_norms.h"

#include <algorithm>

#include "ncprune/model/value_uses.h"

namespace ncprune {
namespace {

bool are_initializers(const Network& network, const Node& node, size_t first) {
  return std::all_of(node.inputs.begin() + static_cast<int64_t>(first), node.inputs.end(),
                     [&](const std::string& name) { return network.initializers.contains(name); });
}

// The convolution that alone feeds `norm`; null when there is none, or it cannot take it over.
Node* folding_convolution(Network& network, const ValueUses& uses, const Node& norm) {
  if (norm.op_type != "BatchNormalization" || norm.foreign || norm.inputs.size() != 5 ||
      norm.outputs.size() != 1 || !are_initializers(network, norm, 1)) {
    return nullptr;
  }
  const auto writer = uses.writers.find(norm.inputs.front());
  if (writer == uses.writers.end() || uses.reads.at(norm.inputs.front()) != 1) return nullptr;
  Node& convolution = network.nodes[writer->second];
  const bool takes = convolution.op_type == "Conv" && !convolution.foreign &&
                     convolution.outputs.size() == 1 && are_initializers(network, convolution, 1);
  return takes ? &convolution : nullptr;
}

void fold(Network& network, Node& convolution, const Node& norm) {
  const auto number = [&](size_t input) {
    return network.initializers.at(norm.inputs[input]).to(at::kDouble);
  };
  const at::Tensor weight = network.initializers.at(convolution.inputs[1]);
  const at::Tensor factor = number(1) / (number(4) + norm.number("epsilon", 1e-5)).sqrt();
  at::Tensor shift = number(2) - number(3) * factor;
  if (convolution.inputs.size() > 2) {
    shift = shift + network.initializers.at(convolution.inputs[2]).to(at::kDouble) * factor;
  }
  std::vector<int64_t> by_channel(static_cast<size_t>(weight.dim()), 1);
  by_channel.front() = -1;
  // Other nodes may read the tensors, so the folded ones are new.
  const std::string name = fresh_name(network, norm.outputs.front() + ".weight");
  network.initializers[name] =
      (weight.to(at::kDouble) * factor.view(by_channel)).to(weight.scalar_type());
  const std::string bias = fresh_name(network, norm.outputs.front() + ".bias");
  network.initializers[bias] = shift.to(weight.scalar_type());
  convolution.inputs = {convolution.inputs.front(), name, bias};
  convolution.outputs = norm.outputs;
}

}  // namespace

Network with_norms_folded(const Network& network) {
  const ValueUses uses(network);
  Network result = network;
  std::vector<Node> kept;
  std::vector<bool> gone(result.nodes.size());
  for (size_t i = 0; i < result.nodes.size(); ++i) {
    Node* const convolution = folding_convolution(result, uses, result.nodes[i]);
    if (convolution == nullptr) continue;
    fold(result, *convolution, result.nodes[i]);
    gone[i] = true;
  }
  for (size_t i = 0; i < result.nodes.size(); ++i) {
    if (!gone[i]) kept.push_back(std::move(result.nodes[i]));
  }
  result.nodes = std::move(kept);
  return result;
}

}  // namespace ncprune
