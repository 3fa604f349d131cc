// Add and the activations of multilayer perceptrons.
#include <ATen/ExpandUtils.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/tanh.h>

#include "ncprune/model/operators.h"

namespace ncprune::operators_files {
namespace {

using Tensors = std::vector<at::Tensor>;

Tensors run_add(const Node& node, const Tensors& inputs, const RunMode&) {
  require_affordable(node, at::infer_size(inputs.at(0).sizes(), inputs.at(1).sizes()));
  return {inputs.at(0) + inputs.at(1)};
}

Tensors run_relu(const Node&, const Tensors& inputs, const RunMode&) {
  return {at::relu(inputs.at(0))};
}

Tensors run_leaky_relu(const Node& node, const Tensors& inputs, const RunMode&) {
  return {at::leaky_relu(inputs.at(0), node.number("alpha", 0.01))};
}

Tensors run_tanh(const Node&, const Tensors& inputs, const RunMode&) {
  return {at::tanh(inputs.at(0))};
}

Tensors run_sigmoid(const Node&, const Tensors& inputs, const RunMode&) {
  return {at::sigmoid(inputs.at(0))};
}

}  // namespace

std::vector<Operator> elementwise() {
  return {{"Add", "with broadcasting", run_add},
          {"LeakyRelu", "alpha as given", run_leaky_relu},
          {"Relu", "", run_relu},
          {"Sigmoid", "", run_sigmoid},
          {"Tanh", "", run_tanh}};
}

}  // namespace ncprune::operators_files
