#include "ncprune/onnx/scores.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "ncprune/base/error.h"
#include "ncprune/model/interpreter.h"

namespace ncprune {
namespace {

at::Tensor scores_of_zeros(const Network& network) {
  std::vector<int64_t> shape = network.input.shape;
  shape.front() = 1;
  const at::NoGradGuard no_grad;
  return run(network, at::zeros(shape), {network.output.name}).front();
}

[[noreturn]] void refuse_scores(const Network& network, const at::Tensor& scores) {
  throw InputError(fmt::format(
      "output '{}' has shape [{}] and type {} for one sample; wanted the scores of a "
      "classifier, [1, K]",
      network.output.name, fmt::join(scores.sizes(), ", "), toString(scores.scalar_type())));
}

// The fully connected layer that computes `value`, [N, 1], and its bias.
struct OneUnit {
  std::string weight;
  int64_t unit_axis;
  std::string bias;  // empty if there is none
};

std::optional<OneUnit> one_unit(const Network& network, const std::string& value) {
  const int64_t index = producer(network, value);
  if (index < 0) return std::nullopt;
  const Node* node = &network.nodes[static_cast<size_t>(index)];
  OneUnit unit;
  if (node->op_type == "Add") {
    const size_t place = network.initializers.contains(node->inputs[1]) ? 1 : 0;
    unit.bias = node->inputs[place];
    const int64_t product = producer(network, node->inputs[1 - place]);
    if (product < 0) return std::nullopt;
    node = &network.nodes[static_cast<size_t>(product)];
    if (node->op_type != "MatMul") return std::nullopt;
  } else if (node->op_type == "Gemm" && node->inputs.size() > 2) {
    unit.bias = node->inputs[2];
  }
  if (node->op_type != "MatMul" && node->op_type != "Gemm") return std::nullopt;
  unit.weight = node->inputs[1];
  unit.unit_axis = node->op_type == "Gemm" && node->integer("transB", 0) != 0 ? 0 : 1;
  const auto is_own = [&](const std::string& name) {
    return network.initializers.contains(name) && consumers(network, name).size() == 1;
  };
  if (!is_own(unit.weight) || network.initializers.at(unit.weight).dim() != 2) return std::nullopt;
  if (!unit.bias.empty() && !is_own(unit.bias)) return std::nullopt;
  return unit;
}

Node* node_writing(Network& network, const std::string& value) {
  const int64_t index = producer(network, value);
  return index < 0 ? nullptr : &network.nodes[static_cast<size_t>(index)];
}

// Takes out the node that writes `result` if it only gives the scores another shape.
bool take_out_reshape(Network& network, const std::string& result) {
  const Node* last = node_writing(network, result);
  const bool reshapes = last != nullptr && last->domain.empty() &&
                        (last->op_type == "Squeeze" || last->op_type == "Flatten" ||
                         last->op_type == "Reshape" || last->op_type == "Identity");
  if (!reshapes) return false;
  const std::string value = last->inputs.front();
  Node* before = node_writing(network, value);
  if (before == nullptr || consumers(network, value).size() != 1) return false;
  for (std::string& output : before->outputs) {
    if (output == value) output = result;
  }
  std::erase_if(network.nodes, [&](const Node& node) {
    return !node.inputs.empty() && node.inputs.front() == value && node.outputs.front() == result;
  });
  return true;
}

// Makes the closing unit two: -z / 2 and z / 2. Their softmax is (1 - p, p) with p = sigmoid(z).
void split_logit(Network& network) {
  while (take_out_reshape(network, network.output.name)) {
  }
  Node* last = node_writing(network, network.output.name);
  const bool closes = last != nullptr && last->op_type == "Sigmoid";
  const std::string logit = closes ? last->inputs.front() : network.output.name;
  while (closes && take_out_reshape(network, logit)) {
  }
  last = node_writing(network, network.output.name);
  const std::optional<OneUnit> unit = one_unit(network, logit);
  if (!unit) {
    throw InputError(
        fmt::format("output '{}' is one score, which no fully connected layer of its own computes; "
                    "wanted the scores of a classifier, [1, K]",
                    network.output.name));
  }
  at::Tensor& weight = network.initializers.at(unit->weight);
  weight = at::cat({-weight / 2, weight / 2}, unit->unit_axis);
  if (!unit->bias.empty()) {
    at::Tensor& bias = network.initializers.at(unit->bias);
    bias = at::cat({-bias.flatten() / 2, bias.flatten() / 2});
  }
  if (closes) {
    last->op_type = "Softmax";
    last->attributes["axis"] = int64_t{-1};
  }
  network.one_logit = true;
}

// Whether a tensor of one sample has the form [1, K, 1, ...].
bool is_one_row(const at::Tensor& scores) {
  if (scores.dim() < 2 || scores.size(0) != 1) return false;
  const auto rest = scores.sizes().slice(2);
  return std::all_of(rest.begin(), rest.end(), [](int64_t size) { return size == 1; });
}

void drop_trailing_axes(Network& network) {
  const std::string value = fresh_name(network, network.output.name + ".raw");
  for (Node& node : network.nodes) {
    std::replace(node.inputs.begin(), node.inputs.end(), network.output.name, value);
    std::replace(node.outputs.begin(), node.outputs.end(), network.output.name, value);
  }
  if (const auto found = network.storage.find(network.output.name); found != network.storage.end())
    network.storage[value] = found->second;
  network.nodes.push_back({"Flatten", "", {value}, {network.output.name}, {{"axis", int64_t{1}}}});
}

}  // namespace

void settle_scores(Network& network) {
  const at::Tensor scores = scores_of_zeros(network);
  if (scores.scalar_type() != at::kFloat || scores.numel() == 0) refuse_scores(network, scores);
  if (scores.numel() == 1) {
    split_logit(network);
  } else if (!is_one_row(scores)) {
    refuse_scores(network, scores);
  } else if (scores.dim() > 2) {
    drop_trailing_axes(network);
  }
  network.output.shape = {-1, scores.numel() == 1 ? 2 : scores.numel()};
  if (!network.one_logit) return;
  const at::Tensor both = scores_of_zeros(network);
  if (both.dim() != 2 || both.size(0) != 1 || both.size(1) != 2) refuse_scores(network, scores);
}

Network with_file_scores(Network network) {
  if (!network.one_logit) return network;
  Node* last = node_writing(network, network.output.name);
  const bool closes = last != nullptr && last->op_type == "Softmax";
  const std::string logit = closes ? last->inputs.front() : network.output.name;
  const std::optional<OneUnit> unit = one_unit(network, logit);
  if (!unit) return network;  // its head was replaced: two scores, then
  const auto difference = [](const at::Tensor& both, int64_t axis) {
    return (both.narrow(axis, 1, 1) - both.narrow(axis, 0, 1)).contiguous();
  };
  at::Tensor& weight = network.initializers.at(unit->weight);
  weight = difference(weight.detach(), unit->unit_axis);
  if (!unit->bias.empty()) {
    at::Tensor& bias = network.initializers.at(unit->bias);
    bias = difference(bias.detach(), 0);
  }
  if (closes) {
    last->op_type = "Sigmoid";
    last->attributes.erase("axis");
  }
  network.output.shape.back() = 1;
  return network;
}

}  // namespace ncprune
