#include <fmt/format.h>
#include <onnx/checker.h>
#include <onnx/onnx_pb.h>

#include <limits>
#include <stdexcept>

#include "ncprune/base/error.h"
#include "ncprune/base/file.h"
#include "ncprune/model/element_types.h"
#include "ncprune/onnx/element_type.h"
#include "ncprune/onnx/metadata.h"
#include "ncprune/onnx/nodes.h"
#include "ncprune/onnx/normalisation.h"
#include "ncprune/onnx/onnx.h"
#include "ncprune/onnx/scores.h"
#include "ncprune/onnx/several_inputs.h"
#include "ncprune/onnx/tensors.h"
#include "ncprune/version.h"

namespace ncprune {
namespace {

void describe(onnx::ValueInfoProto& proto, const ValueInfo& value) {
  proto.set_name(value.name);
  auto& type = *proto.mutable_type()->mutable_tensor_type();
  type.set_elem_type(*onnx_type(value.type));
  for (size_t axis = 0; axis < value.shape.size(); ++axis) {
    auto& dim = *type.mutable_shape()->add_dim();
    if (value.shape[axis] >= 0) {
      dim.set_dim_value(value.shape[axis]);
    } else {
      dim.set_dim_param(axis == 0 ? "N" : fmt::format("{}.{}", value.name, axis));
    }
  }
}

// The outputs in the file's order, and the nodes that compute those which follow from the scores.
void add_outputs(const Network& network, onnx::GraphProto& graph) {
  onnx::GraphProto others;
  if (network.other_outputs.empty() || !others.ParseFromString(network.other_outputs)) {
    describe(*graph.add_output(), network.output);
    return;
  }
  for (const onnx::ValueInfoProto& output : others.output()) {
    if (output.name() == network.output.name) {
      describe(*graph.add_output(), network.output);
    } else {
      *graph.add_output() = output;
    }
  }
  graph.mutable_node()->MergeFrom(others.node());
  graph.mutable_initializer()->MergeFrom(others.initializer());
}

// Weights, whose zeros pruning makes; a node's sizes and axes are no such.
void store_initializer(const std::string& name, const at::Tensor& tensor, bool sparse,
                       onnx::GraphProto& graph) {
  if (sparse && tensor.dim() >= 2 && tensor.numel() > 0) {
    onnx::SparseTensorProto own = sparse_to(tensor, name);
    if (own.ByteSizeLong() < tensor.nbytes()) {
      *graph.add_sparse_initializer() = std::move(own);
      return;
    }
  }
  *graph.add_initializer() = tensor_to(tensor, name);
}

onnx::ModelProto model_from(const Network& network) {
  onnx::ModelProto model;
  model.set_ir_version(kIrVersion);
  model.set_producer_name("ncprune");
  model.set_producer_version(NCPRUNE_VERSION);
  model.add_opset_import()->set_version(network.opset);
  for (const auto& [domain, version] : network.domains) {
    onnx::OperatorSetIdProto& entry = *model.add_opset_import();
    entry.set_domain(domain);
    entry.set_version(version);
  }
  onnx::GraphProto& graph = *model.mutable_graph();
  graph.set_name(network.name.empty() ? "network" : network.name);
  if (network.parts.empty()) describe(*graph.add_input(), network.input);
  for (ValueInfo part : network.parts) {
    part.shape.front() = -1;
    describe(*graph.add_input(), part);
  }
  for (const Node& node : network.nodes) *graph.add_node() = node_to(node);
  for (const auto& [name, tensor] : network.initializers) {
    store_initializer(name, tensor, network.sparse, graph);
  }
  add_outputs(network, graph);
  add_metadata(model, network.metadata);
  return model;
}

std::string serialized(const Network& network) {
  const onnx::ModelProto model = model_from(network);
  if (model.ByteSizeLong() > static_cast<size_t>(std::numeric_limits<int>::max())) {
    throw InputError(fmt::format("the network takes {} bytes; the limit of an ONNX file is 2 GiB",
                                 model.ByteSizeLong()));
  }
  // The checker does not know newer operators.
  if (network.opset <= known_opset()) {
    try {
      onnx::checker::check_model(model);
    } catch (const std::exception& error) {
      throw std::logic_error(fmt::format("ONNX's checker rejects the network: {}", error.what()));
    }
  }
  return model.SerializeAsString();
}

}  // namespace

std::string onnx_bytes(const Network& network) {
  return serialized(
      with_file_inputs(in_file_types(with_file_scores(with_file_normalisation(network)))));
}

std::string scores_onnx_bytes(const Network& network) {
  Network graph = in_file_types(network);
  graph.other_outputs.clear();
  graph.parts.clear();
  return serialized(graph);
}

void write_onnx(const std::string& path, const Network& network) {
  write_file(path, onnx_bytes(network));
}

}  // namespace ncprune
