#include "ncprune/onnx/interface.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "ncprune/base/error.h"
#include "ncprune/model/element_types.h"
#include "ncprune/onnx/tensors.h"

namespace ncprune {
namespace {

constexpr int64_t kMaxSampleValues = int64_t{1} << 26;
constexpr size_t kMaxNameBytes = 1000;

// -1 for an axis without a fixed size.
std::vector<int64_t> declared_shape(const onnx::ValueInfoProto& value) {
  std::vector<int64_t> shape;
  for (const auto& dim : value.type().tensor_type().shape().dim()) {
    shape.push_back(dim.has_dim_value() && dim.dim_value() > 0 ? dim.dim_value() : -1);
  }
  return shape;
}

int32_t element_type_of(const onnx::ValueInfoProto& value) {
  return value.type().tensor_type().elem_type();
}

const onnx::NodeProto* writer(const onnx::GraphProto& graph, const std::string& value) {
  for (const onnx::NodeProto& node : graph.node()) {
    const auto& outputs = node.output();
    if (std::find(outputs.begin(), outputs.end(), value) != outputs.end()) return &node;
  }
  return nullptr;
}

bool holds_floats(int32_t type) {
  const auto known = torch_type(type);
  return known && c10::isFloatingType(*known);
}

// Old files list the initializers among the inputs.
std::unordered_set<std::string> initializer_names(const onnx::GraphProto& graph) {
  std::unordered_set<std::string> names;
  for (const auto& tensor : graph.initializer()) names.insert(tensor.name());
  for (const auto& tensor : graph.sparse_initializer()) names.insert(tensor.values().name());
  return names;
}

bool is_switch(const onnx::ValueInfoProto& input) {
  const auto shape = declared_shape(input);
  return element_type_of(input) == onnx::TensorProto::BOOL &&
         (shape.empty() || (shape.size() == 1 && shape[0] == 1));
}

ValueInfo sample_input(const onnx::ValueInfoProto& proto) {
  const auto type = torch_type(element_type_of(proto));
  if (!type || *type == at::kBool || *type == at::kByte || *type == at::kChar) {
    throw InputError(
        fmt::format("input '{}' has element type {}; wanted a floating type, INT32 or "
                    "INT64",
                    proto.name(), element_type_name(element_type_of(proto))));
  }
  ValueInfo input{proto.name(), declared_shape(proto), *type};
  if (input.name.empty() || input.shape.empty()) {
    throw InputError(fmt::format("input '{}' has no shape", input.name));
  }
  int64_t values = 1;
  for (size_t axis = 1; axis < input.shape.size(); ++axis) {
    const int64_t size = std::max<int64_t>(input.shape[axis], 1);
    if (__builtin_mul_overflow(values, size, &values) || values > kMaxSampleValues) {
      throw InputError(fmt::format("a sample of input '{}' has more than {} values", input.name,
                                   kMaxSampleValues));
    }
  }
  return input;
}

}  // namespace

void require_plain(const std::string& name) {
  if (name.size() > kMaxNameBytes || std::any_of(name.begin(), name.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
      })) {
    throw InputError(
        fmt::format("the name '{}' is too long or has unprintable characters", printable(name)));
  }
}

std::string scores_value(const onnx::GraphProto& graph) {
  if (graph.output_size() == 0 || graph.output(0).name().empty()) throw InputError("has no output");
  for (const onnx::ValueInfoProto& output : graph.output()) {
    const onnx::NodeProto* node = writer(graph, output.name());
    if (node != nullptr && node->op_type() == "ZipMap" && node->input_size() == 1) {
      return node->input(0);
    }
    const bool says_nothing = !output.type().has_tensor_type() || element_type_of(output) == 0;
    if (holds_floats(element_type_of(output)) || (says_nothing && graph.output_size() == 1)) {
      return output.name();
    }
  }
  const onnx::NodeProto* node = writer(graph, graph.output(0).name());
  for (int steps = 0; node != nullptr && steps < graph.node_size(); ++steps) {
    if (node->input_size() == 0) break;
    if (node->op_type() == "ArgMax") return node->input(0);
    // Converters look the label up in the table of classes: ArrayFeatureExtractor(classes, index).
    const bool looks_up = node->op_type() == "ArrayFeatureExtractor" || node->op_type() == "Gather";
    node = writer(graph, node->input(looks_up && node->input_size() > 1 ? 1 : 0));
  }
  return graph.output(0).name();
}

std::vector<std::string> mapped_class_names(const onnx::GraphProto& graph) {
  std::vector<std::string> names;
  for (const onnx::NodeProto& node : graph.node()) {
    if (node.op_type() != "ZipMap") continue;
    for (const onnx::AttributeProto& attribute : node.attribute()) {
      names.insert(names.end(), attribute.strings().begin(), attribute.strings().end());
      for (const int64_t label : attribute.ints()) names.push_back(std::to_string(label));
    }
    break;
  }
  return names;
}

Live live_part(const onnx::GraphProto& graph, const std::string& value) {
  Live live;
  live.values.insert(value);
  for (int i = graph.node_size(); i-- > 0;) {
    const onnx::NodeProto& node = graph.node(i);
    const bool wanted = std::any_of(
        node.output().begin(), node.output().end(),
        [&](const std::string& name) { return !name.empty() && live.values.contains(name); });
    if (!wanted) continue;
    live.nodes.push_back(&node);
    live.values.insert(node.input().begin(), node.input().end());
  }
  std::reverse(live.nodes.begin(), live.nodes.end());
  return live;
}

GraphInputs graph_inputs(const onnx::GraphProto& graph, const Live& live) {
  const std::unordered_set<std::string> initializers = initializer_names(graph);
  GraphInputs result;
  const onnx::ValueInfoProto* unread = nullptr;
  for (const auto& input : graph.input()) {
    if (initializers.contains(input.name())) continue;
    if (!live.values.contains(input.name())) {
      if (unread == nullptr && !is_switch(input)) unread = &input;
      continue;
    }
    require_plain(input.name());
    if (is_switch(input)) {
      result.switches.push_back(input.name());
    } else {
      result.samples.push_back(sample_input(input));
    }
  }
  if (result.samples.empty()) {
    if (unread == nullptr) throw InputError("has 0 inputs; wanted one");
    require_plain(unread->name());
    result.samples.push_back(sample_input(*unread));
  }
  return result;
}

ValueInfo graph_output(const onnx::GraphProto& graph, const std::string& scores) {
  require_plain(scores);
  for (const onnx::ValueInfoProto& output : graph.output()) {
    if (output.name() != scores) continue;
    const std::vector<int64_t> shape = declared_shape(output);
    return {scores, {-1, shape.size() == 2 ? shape.back() : -1}};
  }
  return {scores, {-1, -1}};
}

}  // namespace ncprune
