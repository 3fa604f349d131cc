#include "ncprune/onnx/nodes.h"

#include <ATen/ops/tensor.h>
#include <fmt/format.h>
#include <onnx/defs/schema.h>

#include <algorithm>
#include <optional>

#include "ncprune/base/error.h"
#include "ncprune/model/operators.h"
#include "ncprune/onnx/tensors.h"
#include "ncprune/onnx/upgrade.h"

namespace ncprune {
namespace {

using AttributeProto = onnx::AttributeProto;

std::optional<Attribute> attribute_from(const AttributeProto& proto, const std::string& what) {
  switch (proto.type()) {
    case AttributeProto::INT:
      return proto.i();
    case AttributeProto::FLOAT:
      return proto.f();
    case AttributeProto::STRING:
      return proto.s();
    case AttributeProto::INTS:
      return std::vector<int64_t>(proto.ints().begin(), proto.ints().end());
    case AttributeProto::FLOATS:
      return std::vector<float>(proto.floats().begin(), proto.floats().end());
    case AttributeProto::TENSOR:
      return tensor_from(proto.t(), what, "");
    case AttributeProto::STRINGS:
      return std::vector<std::string>(proto.strings().begin(), proto.strings().end());
    default:
      return std::nullopt;
  }
}

struct AttributeWriter {
  AttributeProto& proto;

  void operator()(int64_t value) const {
    proto.set_type(AttributeProto::INT);
    proto.set_i(value);
  }
  void operator()(float value) const {
    proto.set_type(AttributeProto::FLOAT);
    proto.set_f(value);
  }
  void operator()(const std::string& value) const {
    proto.set_type(AttributeProto::STRING);
    proto.set_s(value);
  }
  void operator()(const std::vector<int64_t>& values) const {
    proto.set_type(AttributeProto::INTS);
    proto.mutable_ints()->Assign(values.begin(), values.end());
  }
  void operator()(const std::vector<float>& values) const {
    proto.set_type(AttributeProto::FLOATS);
    proto.mutable_floats()->Assign(values.begin(), values.end());
  }
  void operator()(const std::vector<std::string>& values) const {
    proto.set_type(AttributeProto::STRINGS);
    proto.mutable_strings()->Assign(values.begin(), values.end());
  }
  void operator()(const at::Tensor& value) const {
    proto.set_type(AttributeProto::TENSOR);
    *proto.mutable_t() = tensor_to(value, "");
  }
};

std::string description(const onnx::NodeProto& proto) {
  const std::string name = proto.name().empty() && proto.output_size() > 0
                               ? fmt::format("writing '{}'", printable(proto.output(0)))
                               : fmt::format("'{}'", printable(proto.name()));
  return fmt::format("node {} ({})", name, printable(proto.op_type()));
}

// The largest number of inputs that operator sets after known_opset() define: their axes moved
// there.
int newest_inputs(const std::string& op_type, int known) {
  constexpr int64_t kAxesMoved = 18;
  if (known_opset() >= kAxesMoved) return known;
  if (op_type == "Pad") return 4;
  return op_type.starts_with("Reduce") ? 2 : known;
}

// Checks the node against ONNX's definition of its operator. The definitions end at known_opset():
// for a newer node only the counts are compared, because the operator may have new attributes.
void require_definition(const onnx::NodeProto& proto, int64_t opset) {
  const int version = static_cast<int>(std::min(opset, known_opset()));
  const onnx::OpSchema* schema = onnx::OpSchemaRegistry::Schema(proto.op_type(), version);
  if (schema == nullptr) {
    if (opset > known_opset()) return;
    throw InputError(fmt::format("{}: opset {} has no such operator", description(proto), opset));
  }
  const auto fits = [](int count, int low, int high) { return low <= count && count <= high; };
  const int most = opset > known_opset() ? newest_inputs(proto.op_type(), schema->max_input())
                                         : schema->max_input();
  if (!fits(proto.input_size(), schema->min_input(), most) ||
      !fits(proto.output_size(), schema->min_output(), schema->max_output())) {
    throw InputError(fmt::format("{} has {} inputs and {} outputs, which ONNX does not define",
                                 description(proto), proto.input_size(), proto.output_size()));
  }
  for (int i = 0; i < proto.input_size(); ++i) {
    const auto last = schema->inputs().size() - 1;
    const auto& parameter = schema->inputs()[std::min<size_t>(static_cast<size_t>(i), last)];
    if (proto.input(i).empty() && parameter.GetOption() != onnx::OpSchema::Optional) {
      throw InputError(fmt::format("{} lacks its required input {}", description(proto), i));
    }
  }
  if (opset > known_opset()) return;
  try {
    schema->Verify(proto);
  } catch (const std::exception& error) {
    throw InputError(fmt::format("{}: {}", description(proto), printable(error.what())));
  }
}

// Changes the node to what it computes after training.
void settle(Node& node) {
  const bool drops = node.op_type == "Dropout";
  const bool normalizes = node.op_type == "BatchNormalization";
  // Their other outputs (Dropout's mask, batch statistics) are only for training.
  if (drops || normalizes) node.outputs.resize(1);
  // Exporters can leave the training mode on, which in ONNX means random dropping.
  if (drops && node.inputs.size() > 2) node.inputs.resize(2);
  if (normalizes) node.attributes.erase("training_mode");
}

}  // namespace

int64_t known_opset() {
  static const int64_t newest =
      onnx::OpSchemaRegistry::DomainToVersionRange::Instance().Map().at("").second;
  return newest;
}

Node node_from(const onnx::NodeProto& proto, int64_t opset) {
  Node node{current_name(proto.op_type(), opset), proto.name(), {}, {}, {}};
  if (proto.domain() != "ai.onnx") node.domain = proto.domain();
  node.inputs.assign(proto.input().begin(), proto.input().end());
  node.outputs.assign(proto.output().begin(), proto.output().end());
  if (operator_of(node) != nullptr) require_definition(proto, opset);
  if (node.inputs.empty() || node.inputs[0].empty() || node.outputs.empty() ||
      node.outputs[0].empty()) {
    throw InputError(fmt::format("{} has no input or no output", description(proto)));
  }
  for (const AttributeProto& entry : proto.attribute()) {
    const std::string what =
        fmt::format("{}: attribute '{}'", description(proto), printable(entry.name()));
    std::optional<Attribute> value = attribute_from(entry, what);
    if (!value) throw InputError(fmt::format("{} is of a type that ncprune does not read", what));
    if (!node.attributes.emplace(entry.name(), *std::move(value)).second) {
      throw InputError(fmt::format("{} is given twice", what));
    }
  }
  settle(node);
  return node;
}

at::Tensor constant_from(const onnx::NodeProto& proto) {
  if (proto.attribute_size() != 1) {
    throw InputError(fmt::format("{} has {} attributes; wanted one, its value", description(proto),
                                 proto.attribute_size()));
  }
  const AttributeProto& entry = proto.attribute(0);
  const std::string what =
      fmt::format("{}: attribute '{}'", description(proto), printable(entry.name()));
  switch (entry.type()) {
    case AttributeProto::INT:
      return at::tensor(entry.i(), at::kLong);
    case AttributeProto::FLOAT:
      return at::tensor(entry.f(), at::kFloat);
    case AttributeProto::INTS:
      return at::tensor(std::vector<int64_t>(entry.ints().begin(), entry.ints().end()), at::kLong);
    case AttributeProto::FLOATS:
      return at::tensor(std::vector<float>(entry.floats().begin(), entry.floats().end()),
                        at::kFloat);
    case AttributeProto::TENSOR:
      return tensor_from(entry.t(), what, "");
    default:
      throw InputError(fmt::format("{} is of a type that ncprune does not read", what));
  }
}

onnx::NodeProto node_to(const Node& node) {
  onnx::NodeProto proto;
  proto.set_op_type(node.op_type);
  proto.set_domain(node.domain);
  proto.set_name(node.name);
  for (const std::string& input : node.inputs) proto.add_input(input);
  for (const std::string& output : node.outputs) proto.add_output(output);
  for (const auto& [key, value] : node.attributes) {
    AttributeProto& attribute = *proto.add_attribute();
    attribute.set_name(key);
    std::visit(AttributeWriter{attribute}, value);
  }
  return proto;
}

}  // namespace ncprune
