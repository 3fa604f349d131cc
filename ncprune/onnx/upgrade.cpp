#include "ncprune/onnx/upgrade.h"

#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/tensor.h>

#include <iterator>

namespace ncprune {
namespace {

// Attributes that became inputs: from operator set `since` on, the attribute is input `index`.
struct Moved {
  const char* op_type;
  const char* attribute;
  size_t index;
  int64_t since;
};

constexpr Moved kMoved[] = {
    {"Resize", "scales", 1, 9},   {"Clip", "min", 1, 11},     {"Clip", "max", 2, 11},
    {"Dropout", "ratio", 1, 12},  {"Pad", "pads", 1, 11},     {"Pad", "value", 2, 11},
    {"ReduceSum", "axes", 1, 13}, {"Slice", "starts", 1, 10}, {"Slice", "ends", 2, 10},
    {"Slice", "axes", 3, 10},     {"Split", "split", 1, 13},  {"Squeeze", "axes", 1, 13},
    {"Unsqueeze", "axes", 1, 13}};

struct AsTensor {
  at::Tensor operator()(int64_t value) const {
    return at::tensor(value, at::TensorOptions(at::kLong));
  }
  at::Tensor operator()(float value) const {
    return at::scalar_tensor(value, at::TensorOptions(at::kFloat));
  }
  at::Tensor operator()(const std::vector<int64_t>& values) const {
    return at::tensor(values, at::TensorOptions(at::kLong));
  }
  at::Tensor operator()(const std::vector<float>& values) const {
    return at::tensor(values, at::TensorOptions(at::kFloat));
  }
  at::Tensor operator()(const at::Tensor& value) const { return value; }
  // Neither occurs in ONNX.
  at::Tensor operator()(const std::string&) const { return {}; }
  at::Tensor operator()(const std::vector<std::string>&) const { return {}; }
};

}  // namespace

std::string current_name(const std::string& op_type, int64_t opset) {
  return op_type == "Upsample" && opset < 10 ? "Resize" : op_type;
}

Upgraded upgrade(Node node, int64_t opset,
                 const std::function<std::string(const std::string& wanted)>& fresh) {
  Upgraded upgraded;
  const auto add_input = [&](size_t index, const std::string& what, const at::Tensor& value) {
    if (node.inputs.size() <= index) node.inputs.resize(index + 1);
    node.inputs[index] = fresh(node.outputs.front() + "." + what);
    upgraded.initializers[node.inputs[index]] = value;
  };
  for (const Moved& moved : kMoved) {
    if (node.op_type != moved.op_type || opset >= moved.since) continue;
    const auto found = node.attributes.find(moved.attribute);
    if (found == node.attributes.end()) continue;
    add_input(moved.index, moved.attribute, std::visit(AsTensor{}, found->second));
    node.attributes.erase(found);
  }
  if (node.op_type == "Resize" && opset < 11) {
    // The region of interest became input 1, and the only coordinate mode got a name.
    node.inputs.insert(node.inputs.begin() + 1, "");
    node.attributes["coordinate_transformation_mode"] = std::string("asymmetric");
    node.attributes["nearest_mode"] = std::string("floor");
  }
  // Before opset 13 the input was flattened to two axes at `axis`, and the second was normalized.
  const bool is_softmax = node.op_type == "Softmax" || node.op_type == "LogSoftmax";
  if (is_softmax && opset < 13 && node.integer("axis", 1) != -1) {
    const auto part = [&](const char* name) { return fresh(node.outputs.front() + "." + name); };
    const std::string shape = part("shape");
    const std::string flat = part("flat");
    const std::string normalized = part("normalized");
    const auto label = [&](const char* name) { return node.name.empty() ? "" : node.name + name; };
    upgraded.nodes = {{"Shape", label(".shape"), {node.inputs.front()}, {shape}, {}},
                      {"Flatten",
                       label(".flat"),
                       {node.inputs.front()},
                       {flat},
                       {{"axis", node.integer("axis", 1)}}},
                      {node.op_type, node.name, {flat}, {normalized}, {{"axis", int64_t{-1}}}},
                      {"Reshape", label(".back"), {normalized, shape}, node.outputs, {}}};
    return upgraded;
  }
  upgraded.nodes.push_back(std::move(node));
  return upgraded;
}

}  // namespace ncprune
