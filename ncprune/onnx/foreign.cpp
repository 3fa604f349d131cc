#include "ncprune/onnx/foreign.h"

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include <optional>

#include "ncprune/base/error.h"
#include "ncprune/base/runtime.h"
#include "ncprune/model/element_types.h"
#include "ncprune/onnx/nodes.h"
#include "ncprune/runtime/onnx_runtime.h"

namespace ncprune {
namespace {

using Tensors = std::vector<at::Tensor>;

// A model of the node alone: its inputs are the present ones, its outputs those of the node.
std::string model_of(const Node& node, const std::map<std::string, int64_t>& opsets,
                     const Tensors& inputs) {
  onnx::ModelProto model;
  model.set_ir_version(kIrVersion);
  for (const auto& [domain, version] : opsets) {
    onnx::OperatorSetIdProto& entry = *model.add_opset_import();
    entry.set_domain(domain);
    entry.set_version(version);
  }
  onnx::GraphProto& graph = *model.mutable_graph();
  graph.set_name("node");
  onnx::NodeProto& own = *graph.add_node();
  own = node_to(node);
  for (size_t i = 0; i < inputs.size(); ++i) {
    const int place = static_cast<int>(i);
    own.set_input(place, inputs[i].defined() ? fmt::format("in{}", i) : "");
    if (!inputs[i].defined()) continue;
    onnx::ValueInfoProto& input = *graph.add_input();
    input.set_name(own.input(place));
    const std::optional<int32_t> type = onnx_type(inputs[i].scalar_type());
    if (!type) throw InputError("has an input of an unusual element type");
    input.mutable_type()->mutable_tensor_type()->set_elem_type(*type);
  }
  for (int k = 0; k < own.output_size(); ++k) {
    if (own.output(k).empty()) continue;
    own.set_output(k, fmt::format("out{}", k));
    graph.add_output()->set_name(own.output(k));
  }
  return model.SerializeAsString();
}

class Foreign {
 public:
  Foreign(Node node, std::map<std::string, int64_t> opsets)
      : node_(std::move(node)), opsets_(std::move(opsets)) {}

  Tensors operator()(const Tensors& inputs) {
    for (const at::Tensor& input : inputs) {
      if (input.defined() && input.requires_grad() && at::GradMode::is_enabled()) {
        refuse(
            node_,
            "is run by ONNX Runtime, which computes no gradients: this network cannot be trained "
            "or used by methods that need gradients");
      }
    }
    std::vector<at::ScalarType> types;
    Tensors given;
    for (const at::Tensor& input : inputs) {
      types.push_back(input.defined() ? input.scalar_type() : at::ScalarType::Undefined);
      if (input.defined()) given.push_back(input.detach());
    }
    try {
      if (!session_ || types != types_) {
        session_.emplace(model_of(node_, opsets_, inputs), thread_count());
        types_ = types;
      }
      return by_place(session_->run(given));
    } catch (const InputError& error) {
      refuse(node_, error.what());
    }
  }

 private:
  // An omitted output still has a position.
  Tensors by_place(Tensors outputs) const {
    Tensors all;
    size_t next = 0;
    for (const std::string& name : node_.outputs) {
      all.push_back(name.empty() ? at::Tensor() : outputs.at(next++));
    }
    return all;
  }

  Node node_;
  std::map<std::string, int64_t> opsets_;
  std::vector<at::ScalarType> types_;
  std::optional<OnnxRuntimeSession> session_;
};

}  // namespace

std::shared_ptr<const Operator> foreign_operator(const Node& node,
                                                 const std::map<std::string, int64_t>& opsets) {
  const std::string problem = onnx_runtime_problem();
  if (!problem.empty()) {
    refuse(node, fmt::format("ncprune does not know this operator{} (see: ncprune operators), and "
                             "others need ONNX Runtime: {}",
                             node.domain.empty() ? "" : " of " + node.domain, problem));
  }
  const auto foreign = std::make_shared<Foreign>(node, opsets);
  return std::make_shared<const Operator>(
      Operator{node.op_type, "run by ONNX Runtime",
               [foreign](const Node&, const Tensors& inputs, const RunMode&) {
                 return (*foreign)(inputs);
               }});
}

}  // namespace ncprune
