#include "ncprune/onnx/training_mode.h"

#include <fmt/format.h>

#include <algorithm>

namespace ncprune {
namespace {

bool drops(const onnx::NodeProto& node, const Network& network) {
  if (node.op_type() != "Dropout" || node.input_size() < 3) return false;
  const auto mode = network.initializers.find(node.input(2));
  return mode != network.initializers.end() && mode->second.ne(0).any().item<bool>();
}

bool takes_batch_statistics(const onnx::NodeProto& node, int64_t opset) {
  if (node.op_type() != "BatchNormalization") return false;
  constexpr int64_t kNamed = 14;  // before, the number of outputs said it
  if (opset < kNamed) return node.output_size() > 1;
  return std::any_of(node.attribute().begin(), node.attribute().end(), [](const auto& attribute) {
    return attribute.name() == "training_mode" && attribute.i() != 0;
  });
}

}  // namespace

std::string nodes_in_training(const Live& live, int64_t opset, const Network& network) {
  const onnx::NodeProto* first = nullptr;
  size_t count = 0;
  for (const onnx::NodeProto* node : live.nodes) {
    if (!node->domain().empty()) continue;
    if (!drops(*node, network) && !takes_batch_statistics(*node, opset)) continue;
    if (first == nullptr) first = node;
    ++count;
  }
  if (first == nullptr) return "";
  const std::string& name = first->name().empty() ? first->output(0) : first->name();
  const std::string others = count == 2  ? " and another node"
                             : count > 2 ? fmt::format(" and {} other nodes", count - 1)
                                         : "";
  return fmt::format("'{}' ({}){}", name, first->op_type(), others);
}

}  // namespace ncprune
