#pragma once

#include <ATen/ops/tensor.h>

#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ncprune/onnx/onnx.h"
#include "tests/small_network.h"

namespace ncprune {

// The graph of a file, put together node by node as an exporter does it. Values are called by their
// numbers, weights are drawn at random.
class GraphOfNodes {
 public:
  // Reads samples of this shape, which are called "x".
  explicit GraphOfNodes(const std::vector<int64_t>& sample, int64_t opset = 17) {
    network_.opset = opset;
    network_.input = {"x", {-1}};
    network_.input.shape.insert(network_.input.shape.end(), sample.begin(), sample.end());
  }

  std::string constant(at::Tensor tensor) {
    const std::string name = "c" + std::to_string(network_.initializers.size());
    network_.initializers[name] = std::move(tensor);
    return name;
  }

  std::string integers(const std::vector<int64_t>& values) {
    return constant(at::tensor(values, at::TensorOptions(at::kLong)));
  }

  std::string weight(const std::vector<int64_t>& shape) {
    const at::Tensor values = normal(shape, 5 + network_.initializers.size()).to(at::kFloat);
    const auto out = static_cast<double>(shape.back());
    return constant(shape.size() == 1
                        ? values / 4
                        : values / std::sqrt(static_cast<double>(values.numel()) / out));
  }

  // Returns the node's first output; see output().
  std::string add(const std::string& op_type, const std::vector<std::string>& inputs,
                  const std::map<std::string, Attribute>& attributes = {}, int64_t outputs = 1) {
    Node node{op_type, "n" + std::to_string(network_.nodes.size()), inputs, {}, attributes};
    for (int64_t k = 0; k < outputs; ++k) node.outputs.push_back(output(node.name, k));
    network_.nodes.push_back(node);
    return node.outputs.front();
  }

  static std::string output(const std::string& node, int64_t k) {
    return node + "." + std::to_string(k);
  }

  // A fully connected layer, as Keras's exporter writes it.
  std::string dense(const std::string& input, int64_t in, int64_t out) {
    return add("Add", {add("MatMul", {input, weight({in, out})}), weight({out})});
  }

  // BatchNormalization with its statistics.
  std::string normalise(const std::string& input, int64_t channels,
                        std::map<std::string, Attribute> attributes = {}) {
    const std::string variance = constant(normal({channels}, 3).to(at::kFloat).square() + 0.5);
    return add("BatchNormalization",
               {input, weight({channels}), weight({channels}), weight({channels}), variance},
               attributes);
  }

  // The file whose class scores [N, 3] are `scores`.
  std::string bytes(const std::string& scores) {
    network_.output = {scores, {-1, 3}};
    return onnx_bytes(network_);
  }

 private:
  Network network_;
};

}  // namespace ncprune
