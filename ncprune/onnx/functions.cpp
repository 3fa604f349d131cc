#include "ncprune/onnx/functions.h"

#include <fmt/format.h>
#include <onnx/defs/schema.h>

#include <algorithm>
#include <map>
#include <string>
#include <unordered_set>
#include <utility>

#include "ncprune/base/error.h"
#include "ncprune/onnx/tensors.h"

namespace ncprune {
namespace {

constexpr int kMaxNodes = 1 << 20;
constexpr int kMaxDepth = 32;

using Nodes = google::protobuf::RepeatedPtrField<onnx::NodeProto>;

std::string own_domain(const std::string& domain) {
  return domain == "ai.onnx" ? "" : domain;
}

// One way to write a call: its values are renamed to those of the caller, its attributes get the
// values of the call.
struct Call {
  const onnx::NodeProto& node;
  const onnx::FunctionProto& function;
  std::string prefix;
  std::map<std::string, std::string> names;  // of the function -> of the caller

  std::string name_of(const std::string& inner) {
    if (inner.empty()) return "";
    return names.emplace(inner, prefix + inner).first->second;
  }

  // Whether the attribute has a value; one that the call leaves out has none.
  bool fill(onnx::AttributeProto& attribute) const {
    if (attribute.ref_attr_name().empty()) return true;
    for (const onnx::AttributeProto& given : node.attribute()) {
      if (given.name() != attribute.ref_attr_name()) continue;
      const std::string name = attribute.name();
      attribute = given;
      attribute.set_name(name);
      return true;
    }
    return false;
  }
};

class Inliner {
 public:
  explicit Inliner(const onnx::ModelProto& model) {
    for (const onnx::FunctionProto& function : model.functions()) {
      functions_.emplace(std::pair(own_domain(function.domain()), function.name()), &function);
    }
    for (const auto& entry : model.opset_import()) {
      opsets_[own_domain(entry.domain())] = entry.version();
    }
    for (const auto& value : model.graph().input()) taken_.insert(value.name());
    for (const auto& tensor : model.graph().initializer()) taken_.insert(tensor.name());
    for (const auto& tensor : model.graph().sparse_initializer()) {
      taken_.insert(tensor.values().name());
    }
    for (const onnx::NodeProto& node : model.graph().node()) {
      taken_.insert(node.output().begin(), node.output().end());
    }
  }

  void add(const onnx::NodeProto& node, int depth) {
    const auto found = functions_.find(std::pair(own_domain(node.domain()), node.op_type()));
    if (found == functions_.end()) {
      if (result.size() == kMaxNodes) throw InputError("its functions have more than 2^20 nodes");
      *result.Add() = node;
      return;
    }
    const onnx::FunctionProto& function = *found->second;
    if (++calls_ > kMaxNodes) throw InputError("calls functions more than 2^20 times");
    const std::string what = fmt::format("function '{}'", printable(function.name()));
    if (depth == kMaxDepth) throw InputError(what + " calls itself, or functions are too deep");
    require_fits(node, function, what);
    Call call{node, function, fresh_prefix(node), {}};
    for (int i = 0; i < function.input_size(); ++i) {
      call.names[function.input(i)] = i < node.input_size() ? node.input(i) : "";
    }
    for (int i = 0; i < node.output_size(); ++i) {
      if (node.output(i).empty()) continue;
      const auto [name, is_new] = call.names.emplace(function.output(i), node.output(i));
      if (!is_new) add_copy(name->second, node.output(i));  // of an input, or of another output
    }
    for (const onnx::NodeProto& inner : function.node()) add_inner(inner, call, depth);
  }

  Nodes result;

 private:
  void add_inner(const onnx::NodeProto& inner, Call& call, int depth) {
    onnx::NodeProto node = inner;
    if (!inner.name().empty()) node.set_name(call.prefix + inner.name());
    for (std::string& input : *node.mutable_input()) input = call.name_of(input);
    for (std::string& output : *node.mutable_output()) output = call.name_of(output);
    node.clear_attribute();
    for (onnx::AttributeProto attribute : inner.attribute()) {
      if (call.fill(attribute)) *node.add_attribute() = attribute;
    }
    add(node, depth + 1);
  }

  void add_copy(const std::string& from, const std::string& to) {
    onnx::NodeProto& node = *result.Add();
    node.set_op_type("Identity");
    node.add_input(from);
    node.add_output(to);
  }

  std::string fresh_prefix(const onnx::NodeProto& node) {
    const std::string wanted = !node.name().empty()      ? node.name()
                               : node.output_size() == 0 ? node.op_type()
                                                         : node.output(0);
    std::string name = wanted;
    for (int i = 2; !taken_.insert(name + "/").second; ++i) name = fmt::format("{}_{}", wanted, i);
    return name + "/";
  }

  void require_fits(const onnx::NodeProto& node, const onnx::FunctionProto& function,
                    const std::string& what) const {
    if (node.input_size() > function.input_size() || node.output_size() > function.output_size()) {
      throw InputError(fmt::format("{} is called with {} inputs and {} outputs; it has {} and {}",
                                   what, node.input_size(), node.output_size(),
                                   function.input_size(), function.output_size()));
    }
    for (const auto& entry : function.opset_import()) {
      const auto own = opsets_.find(own_domain(entry.domain()));
      if (own == opsets_.end() || own->second == entry.version()) continue;
      for (const onnx::NodeProto& inner : function.node()) {
        if (own_domain(inner.domain()) != own->first) continue;
        if (version(inner, own->second) == version(inner, entry.version())) continue;
        throw InputError(fmt::format("{} uses {} of opset {}, the model has opset {}", what,
                                     printable(inner.op_type()), entry.version(), own->second));
      }
    }
  }

  // The operator set that defined the node's operator as it is in `opset`; -1 when unknown.
  static int version(const onnx::NodeProto& node, int64_t opset) {
    const int known = static_cast<int>(std::min<int64_t>(opset, 1000));
    const onnx::OpSchema* schema =
        onnx::OpSchemaRegistry::Schema(node.op_type(), known, own_domain(node.domain()));
    return schema == nullptr ? -1 : schema->since_version();
  }

  std::map<std::pair<std::string, std::string>, const onnx::FunctionProto*> functions_;
  std::map<std::string, int64_t> opsets_;
  int calls_ = 0;
  std::unordered_set<std::string> taken_;  // names, and prefixes of names
};

}  // namespace

void inline_functions(onnx::ModelProto& model) {
  if (model.functions_size() == 0) return;
  Inliner inliner(model);
  for (const onnx::NodeProto& node : model.graph().node()) inliner.add(node, 0);
  model.mutable_graph()->mutable_node()->Swap(&inliner.result);
  // The functions' operator sets, which the nodes need now.
  std::unordered_set<std::string> imported;
  for (const auto& entry : model.opset_import()) imported.insert(own_domain(entry.domain()));
  for (const onnx::FunctionProto& function : model.functions()) {
    for (const auto& entry : function.opset_import()) {
      if (imported.insert(own_domain(entry.domain())).second) *model.add_opset_import() = entry;
    }
  }
  model.clear_functions();
}

}  // namespace ncprune
