#pragma once

// ONNX files put together by hand, as other programs write them.
#ifndef ONNX_NAMESPACE
#define ONNX_NAMESPACE onnx
#define ONNX_ML 1
#endif
#include <onnx/onnx_pb.h>

#include <numeric>
#include <string>
#include <vector>

namespace ncprune {

using Names = std::vector<std::string>;

class ModelBuilder {
 public:
  explicit ModelBuilder(int64_t opset = 13) {
    model.set_ir_version(7);
    model.add_opset_import()->set_version(opset);
    model.mutable_graph()->set_name("test");
  }

  onnx::GraphProto& graph() { return *model.mutable_graph(); }

  static void describe(onnx::ValueInfoProto& value, const std::string& name,
                       const std::vector<int64_t>& shape) {
    value.set_name(name);
    auto& type = *value.mutable_type()->mutable_tensor_type();
    type.set_elem_type(onnx::TensorProto::FLOAT);
    type.mutable_shape();
    for (const int64_t size : shape) {
      auto& dim = *type.mutable_shape()->add_dim();
      size < 0 ? dim.set_dim_param("batch") : dim.set_dim_value(size);
    }
  }

  ModelBuilder& input(const std::string& name, const std::vector<int64_t>& shape) {
    describe(*graph().add_input(), name, shape);
    return *this;
  }

  ModelBuilder& output(const std::string& name, const std::vector<int64_t>& shape) {
    describe(*graph().add_output(), name, shape);
    return *this;
  }

  // A float weight in float_data, counting up from `first` in steps of 1/8.
  ModelBuilder& weight(const std::string& name, const std::vector<int64_t>& dims, float first) {
    fill(*graph().add_initializer(), name, dims, first);
    return *this;
  }

  static void fill(onnx::TensorProto& tensor, const std::string& name,
                   const std::vector<int64_t>& dims, float first) {
    tensor.set_name(name);
    tensor.set_data_type(onnx::TensorProto::FLOAT);
    for (const int64_t dim : dims) tensor.add_dims(dim);
    const int64_t count =
        std::accumulate(dims.begin(), dims.end(), int64_t{1}, std::multiplies<>());
    for (int64_t i = 0; i < count; ++i) {
      tensor.add_float_data(first + static_cast<float>(i) / 8);
    }
  }

  onnx::NodeProto& node(const std::string& op_type, const Names& inputs, const Names& outputs) {
    onnx::NodeProto& node = *graph().add_node();
    node.set_op_type(op_type);
    for (const std::string& input : inputs) node.add_input(input);
    for (const std::string& output : outputs) node.add_output(output);
    return node;
  }

  std::string bytes() const { return model.SerializeAsString(); }

  onnx::ModelProto model;
};

inline void set_integer(onnx::NodeProto& node, const std::string& name, int64_t value) {
  onnx::AttributeProto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(onnx::AttributeProto::INT);
  attribute.set_i(value);
}

// x [N, 4] -> Gemm 'fc' -> scores [N, 3]
inline ModelBuilder small_model(int64_t opset = 13) {
  ModelBuilder model(opset);
  model.input("x", {-1, 4})
      .output("scores", {-1, 3})
      .weight("w", {4, 3}, -0.5F)
      .weight("b", {3}, 0);
  model.node("Gemm", {"x", "w", "b"}, {"scores"}).set_name("fc");
  return model;
}

}  // namespace ncprune
