#include <fmt/format.h>
#include <onnx/defs/schema.h>

#include <map>
#include <utility>

#include "ncprune/onnx/interface.h"
#include "ncprune/onnx/upgrade.h"

namespace ncprune {
namespace {

// The scores, and what a closing Softmax or Sigmoid makes them of: values that pruning keeps.
std::unordered_set<std::string> closing_values(const Live& live, const std::string& scores) {
  std::unordered_set<std::string> values{scores};
  for (size_t i = live.nodes.size(); i-- > 0;) {
    const onnx::NodeProto& node = *live.nodes[i];
    const bool closes = node.op_type() == "Softmax" || node.op_type() == "LogSoftmax" ||
                        node.op_type() == "Sigmoid" || node.op_type() == "Identity";
    if (closes && node.input_size() == 1 && node.output_size() == 1 &&
        values.contains(node.output(0))) {
      values.insert(node.input(0));
    }
  }
  return values;
}

// Whether the node of `opset` means the same in the operator set that files are written with.
bool holds_in_new_files(const onnx::NodeProto& node, int64_t opset) {
  if (!node.domain().empty() && node.domain() != "ai.onnx") return true;
  const bool changed = node.op_type() == "Softmax" || node.op_type() == "LogSoftmax";
  if (opset < 13 && changed) return false;
  if (opset >= kHeldOpset) return true;
  const onnx::OpSchema* schema =
      onnx::OpSchemaRegistry::Schema(node.op_type(), static_cast<int>(kHeldOpset));
  if (schema == nullptr) return false;
  try {
    schema->Verify(node);
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

// Collects the nodes that compute outputs from the closing values.
class Tail {
 public:
  Tail(const onnx::GraphProto& graph, std::unordered_set<std::string> closing, const Live& live,
       int64_t opset)
      : live_(live), opset_(opset), known_(std::move(closing)) {
    for (const auto& tensor : graph.initializer()) initializers_[tensor.name()] = &tensor;
    for (const onnx::NodeProto& node : graph.node()) {
      for (const std::string& output : node.output()) writers_[output] = &node;
    }
  }

  // Whether `value` follows from the closing values; its nodes are then needed.
  bool take(const std::string& value, int depth = 0) {
    constexpr int kMaxTailDepth = 64;
    if (value.empty() || known_.contains(value)) return true;
    if (const auto found = initializers_.find(value); found != initializers_.end()) {
      if (found->second->external_data_size() > 0) return false;
      known_.insert(value);
      tensors_.push_back(found->second);
      return true;
    }
    const auto found = writers_.find(value);
    if (found == writers_.end() || depth == kMaxTailDepth) return false;
    const onnx::NodeProto& node = *found->second;
    // The graph's own nodes are pruned; only constants may be had twice.
    if (live_.values.contains(value) && node.op_type() != "Constant") return false;
    if (!holds_in_new_files(node, opset_)) return false;
    for (const std::string& input : node.input()) {
      if (!take(input, depth + 1)) return false;
    }
    nodes_.push_back(&node);
    known_.insert(node.output().begin(), node.output().end());
    return true;
  }

  // With names of their own for all values but the outputs: the graph may have the same constants.
  onnx::GraphProto graph(const std::vector<const onnx::ValueInfoProto*>& outputs) const {
    onnx::GraphProto own;
    std::map<std::string, std::string> names;
    for (const onnx::TensorProto* tensor : tensors_) names[tensor->name()] = fresh(tensor->name());
    for (const onnx::NodeProto* node : nodes_) {
      for (const std::string& output : node->output()) names[output] = fresh(output);
    }
    for (const onnx::ValueInfoProto* output : outputs) {
      names.erase(output->name());
      *own.add_output() = *output;
    }
    const auto rename = [&](std::string& name) {
      if (const auto found = names.find(name); found != names.end()) name = found->second;
    };
    for (const onnx::TensorProto* tensor : tensors_) {
      *own.add_initializer() = *tensor;
      rename(*own.mutable_initializer(own.initializer_size() - 1)->mutable_name());
    }
    for (const onnx::NodeProto* node : nodes_) {
      onnx::NodeProto& copy = *own.add_node();
      copy = *node;
      for (std::string& input : *copy.mutable_input()) rename(input);
      for (std::string& output : *copy.mutable_output()) rename(output);
    }
    return own;
  }

 private:
  std::string fresh(const std::string& name) const {
    std::string own = "other_outputs/" + name;
    while (initializers_.contains(own) || writers_.contains(own)) own += "_";
    return own;
  }

  const Live& live_;
  int64_t opset_;
  std::unordered_set<std::string> known_;
  std::map<std::string, const onnx::TensorProto*> initializers_;
  std::map<std::string, const onnx::NodeProto*> writers_;
  std::vector<const onnx::NodeProto*> nodes_;  // in the order in which they run
  std::vector<const onnx::TensorProto*> tensors_;
};

}  // namespace

OtherOutputs other_outputs(const onnx::GraphProto& graph, const std::string& scores,
                           const Live& live, int64_t opset) {
  OtherOutputs result;
  std::vector<const onnx::ValueInfoProto*> kept;
  Tail tail(graph, closing_values(live, scores), live, opset);
  for (const onnx::ValueInfoProto& output : graph.output()) {
    require_plain(output.name());
    if (output.name() == scores) {
      kept.push_back(&output);
      continue;
    }
    // A value of the graph itself, such as features, is no output of its own.
    const bool follows = !live.values.contains(output.name()) && tail.take(output.name());
    (follows ? result.kept : result.left_out).push_back(output.name());
    if (follows) kept.push_back(&output);
  }
  if (result.kept.empty()) return result;
  const onnx::GraphProto own = tail.graph(kept);
  for (const onnx::NodeProto& node : own.node()) result.domains.insert(node.domain());
  result.graph = own.SerializeAsString();
  return result;
}

}  // namespace ncprune
