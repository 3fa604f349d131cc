#include "ncprune/onnx/several_inputs.h"

#include <ATen/ops/tensor.h>
#include <c10/util/accumulate.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <unordered_set>
#include <utility>

#include "ncprune/base/error.h"
#include "ncprune/model/element_types.h"

namespace ncprune {
namespace {

constexpr int64_t kMostValues = int64_t{1} << 26;

// The number of values of a sample.
int64_t size_of(const ValueInfo& input) {
  int64_t size = 1;
  for (size_t axis = 1; axis < input.shape.size(); ++axis) {
    if (input.shape[axis] < 1 || __builtin_mul_overflow(size, input.shape[axis], &size) ||
        size > kMostValues) {
      throw InputError(
          fmt::format("one of several inputs, '{}', has no fixed shape, which several inputs need",
                      input.name));
    }
  }
  if (c10::isFloatingType(input.type) && input.type != at::kFloat) {
    throw InputError(
        fmt::format("one of several inputs, '{}', has element type {}; wanted FLOAT or "
                    "whole numbers",
                    input.name, toString(input.type)));
  }
  return size;
}

at::Tensor whole_numbers(const std::vector<int64_t>& values) {
  return at::tensor(values, at::TensorOptions(at::kLong));
}

// The nodes that make `input` of its values, [N, size].
std::vector<Node> nodes_of(Network& network, const ValueInfo& input, const std::string& values) {
  std::vector<Node> nodes;
  std::string value = values;
  const bool casts = input.type != at::kFloat;
  if (input.shape.size() != 2) {
    std::vector<int64_t> shape = input.shape;
    shape.front() = -1;
    const std::string sizes = fresh_name(network, input.name + ".shape");
    network.initializers[sizes] = whole_numbers(shape);
    const std::string output = casts ? input.name + ".shaped" : input.name;
    nodes.push_back({"Reshape", "", {value, sizes}, {output}, {}});
    value = output;
  }
  if (casts) {
    nodes.push_back({"Cast", "", {value}, {input.name}, {{"to", int64_t{*onnx_type(input.type)}}}});
  } else if (nodes.empty()) {
    nodes.push_back({"Identity", "", {value}, {input.name}, {}});
  }
  return nodes;
}

}  // namespace

void join_inputs(Network& network, const std::vector<ValueInfo>& inputs) {
  std::vector<int64_t> sizes;
  sizes.reserve(inputs.size());
  for (const ValueInfo& input : inputs) sizes.push_back(size_of(input));
  const int64_t total = c10::sum_integers(sizes);
  network.parts = inputs;
  network.input = {fresh_name(network, "inputs"), {-1, total}};
  Node split{"Split", "", {network.input.name}, {}, {{"axis", int64_t{1}}}};
  split.inputs.push_back(fresh_name(network, "inputs.sizes"));
  network.initializers[split.inputs.back()] = whole_numbers(sizes);
  std::vector<Node> first;
  for (const ValueInfo& input : inputs) {
    split.outputs.push_back(fresh_name(network, input.name + ".values"));
    const std::vector<Node> own = nodes_of(network, input, split.outputs.back());
    first.insert(first.end(), own.begin(), own.end());
  }
  first.insert(first.begin(), split);
  network.nodes.insert(network.nodes.begin(), std::make_move_iterator(first.begin()),
                       std::make_move_iterator(first.end()));
}

Network with_file_inputs(Network network) {
  if (network.parts.empty()) return network;
  std::unordered_set<std::string> own{network.input.name};
  std::unordered_set<std::string> parts;
  for (const ValueInfo& part : network.parts) parts.insert(part.name);
  std::erase_if(network.nodes, [&](const Node& node) {
    if (node.inputs.empty() || !own.contains(node.inputs.front())) return false;
    for (const std::string& output : node.outputs) {
      if (!parts.contains(output)) own.insert(output);
    }
    return true;
  });
  std::unordered_set<std::string> read;
  for (const Node& node : network.nodes) read.insert(node.inputs.begin(), node.inputs.end());
  std::erase_if(network.initializers,
                [&](const auto& entry) { return !read.contains(entry.first); });
  return network;
}

}  // namespace ncprune
