#include "ncprune/onnx/fold.h"

#include <ATen/ops/isfinite.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <optional>
#include <unordered_set>

#include "ncprune/base/error.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/model/operators.h"

namespace ncprune {
namespace {

constexpr size_t kMaxFoldedBytes = size_t{1} << 28;

// An omitted input is an undefined tensor.
size_t bytes_of(const std::vector<at::Tensor>& tensors) {
  size_t bytes = 0;
  for (const at::Tensor& tensor : tensors) bytes += tensor.defined() ? tensor.nbytes() : 0;
  return bytes;
}

// Masks with infinities are not folded, because an infinite weight in a file counts as broken.
bool is_finite(const at::Tensor& tensor) {
  return !tensor.is_floating_point() || at::isfinite(tensor).all().item<bool>();
}

bool writes(const Node& node, const std::string& value) {
  return std::find(node.outputs.begin(), node.outputs.end(), value) != node.outputs.end();
}

// Values that are computed only from shapes and initializers.
std::vector<std::string> shape_values(const Network& network) {
  std::unordered_set<std::string> known;
  std::vector<std::string> values;
  for (const Node& node : network.nodes) {
    const bool starts = node.op_type == "Shape" || node.op_type == "Size";
    const bool follows =
        std::all_of(node.inputs.begin(), node.inputs.end(), [&](const std::string& input) {
          return input.empty() || known.contains(input) || network.initializers.contains(input);
        });
    if (!starts && !follows) continue;
    for (const std::string& output : node.outputs) {
      if (output.empty() || output == network.output.name) continue;
      known.insert(output);
      values.push_back(output);
    }
  }
  return values;
}

// The shape input of a Reshape, made constant: the one number that depends on the number of samples
// becomes -1. `one` and `three` are the shape for so many samples.
std::optional<at::Tensor> open_shape(at::IntArrayRef one, at::IntArrayRef three) {
  if (one.size() != three.size()) return {};
  std::vector<int64_t> shape = one.vec();
  int64_t open = 0;
  for (size_t i = 0; i < one.size(); ++i) {
    if (one[i] == 0) return {};
    if (one[i] == three[i]) continue;
    if (3 * one[i] != three[i] || ++open > 1) return {};
    shape[i] = -1;
  }
  return at::tensor(shape, at::TensorOptions(at::kLong));
}

// The Reshape nodes whose shape is computed.
std::vector<size_t> computed_reshapes(const Network& network) {
  std::vector<size_t> found;
  for (size_t i = 0; i < network.nodes.size(); ++i) {
    const Node& node = network.nodes[i];
    if (node.op_type == "Reshape" && !node.foreign && node.inputs.size() == 2 &&
        !network.initializers.contains(node.inputs[1])) {
      found.push_back(i);
    }
  }
  return found;
}

// Gives a Reshape a separate initializer as its shape, if that can be constant; `one` and `three`
// are its outputs for so many samples.
void open_reshape(Network& network, size_t index, const at::Tensor& one, const at::Tensor& three) {
  const auto shape = open_shape(one.sizes(), three.sizes());
  if (!shape) return;
  Node& node = network.nodes[index];
  std::string name = node.outputs.front() + ".shape";
  while (network.initializers.contains(name) || producer(network, name) >= 0) name += "_";
  network.initializers[name] = *shape;
  node.inputs[1] = name;
}

// The axis of the scales of a weight after the node moved its axes; empty when there is none such.
std::optional<int64_t> moved_axis(const Node& node, const Storage& storage, int64_t rank) {
  if (node.op_type == "Identity") return storage.axis;
  const bool by_axis = storage.scale.defined() && storage.scale.numel() > 1;
  if (node.op_type != "Transpose") {
    const bool reshapes = node.op_type == "Reshape" || node.op_type == "Flatten" ||
                          node.op_type == "Squeeze" || node.op_type == "Unsqueeze";
    return reshapes && !by_axis ? std::optional<int64_t>(0) : std::nullopt;
  }
  std::vector<int64_t> reversed;
  for (int64_t axis = rank; axis-- > 0;) reversed.push_back(axis);
  const std::vector<int64_t> order = node.integers("perm", reversed);
  const auto place = std::find(order.begin(), order.end(), storage.axis);
  return by_axis ? place - order.begin() : int64_t{0};
}

// Keeps how the file stores a weight that a Cast or DequantizeLinear, whose output is folded, makes
// float, also through a Transpose that follows.
void keep_storage(const Node& node, const std::vector<at::Tensor>& inputs, const at::Tensor& output,
                  Network& network) {
  if (!node.domain.empty() || output.scalar_type() != at::kFloat) return;
  const auto stored = network.storage.find(node.inputs.front());
  if (node.op_type == "Cast" && stored != network.storage.end()) {
    network.storage[node.outputs.front()].type = stored->second.type;
  }
  if (stored != network.storage.end()) {
    const Storage storage = stored->second;
    if (const auto axis = moved_axis(node, storage, inputs.front().dim())) {
      network.storage[node.outputs.front()] = storage;
      network.storage[node.outputs.front()].axis = *axis;
    }
  }
  const at::ScalarType type = inputs.front().scalar_type();
  const bool narrow = type == at::kByte || type == at::kChar || type == at::kShort;
  if (node.op_type != "DequantizeLinear" || !narrow || inputs.at(1).dim() > 1) return;
  const bool by_axis = inputs[1].numel() > 1;
  Storage& storage = network.storage[node.outputs.front()];
  storage.type = type;
  storage.scale = inputs[1].clone();
  storage.zero_point = inputs.size() > 2 && inputs[2].defined() ? inputs[2].clone() : at::Tensor();
  storage.axis = by_axis ? axis_of(node, 1, output.dim()) : 0;
}

}  // namespace

Network fold_constants(Network network) {
  const at::NoGradGuard no_grad;
  size_t folded = 0;
  std::vector<Node> left;
  for (Node& node : network.nodes) {
    std::vector<at::Tensor> inputs;
    bool known = !writes(node, network.output.name) && node.op_type != "Dropout";
    for (const std::string& name : node.inputs) {
      const auto found = network.initializers.find(name);
      known = known && (name.empty() || found != network.initializers.end());
      inputs.push_back(found != network.initializers.end() ? found->second : at::Tensor());
    }
    const bool copies = node.op_type == "Identity";
    if (known && copies && folded + bytes_of(inputs) > kMaxFoldedBytes) {
      throw InputError("too many weights are copies of other weights");
    }
    if (!known || bytes_of(inputs) > kMaxFoldedBytes) {
      left.push_back(std::move(node));
      continue;
    }
    const std::vector<at::Tensor> outputs = run_node(node, inputs, {});
    if (outputs.size() < node.outputs.size() || folded + bytes_of(outputs) > kMaxFoldedBytes ||
        !std::all_of(outputs.begin(), outputs.end(), is_finite)) {
      left.push_back(std::move(node));
      continue;
    }
    keep_storage(node, inputs, outputs.front(), network);
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      if (node.outputs[i].empty()) continue;
      // An output may be a view of an input, and pruning one layer must not change another.
      const at::Tensor own = outputs[i].clone(at::MemoryFormat::Contiguous);
      folded += own.nbytes();
      if (!network.initializers.emplace(node.outputs[i], own).second) {
        throw InputError("weight '" + node.outputs[i] + "' occurs twice in the file");
      }
    }
  }
  network.nodes = std::move(left);
  return drop_unread(std::move(network));
}

Network fold_shapes(Network network) {
  const std::vector<std::string> values = shape_values(network);
  const std::vector<size_t> reshapes = computed_reshapes(network);
  if (values.empty() && reshapes.empty()) return network;
  std::vector<std::string> wanted = values;
  for (const size_t i : reshapes) wanted.push_back(network.nodes[i].outputs.front());
  const at::NoGradGuard no_grad;
  std::vector<int64_t> shape = network.input.shape;
  shape.front() = 1;
  // Samples may be large; expanded zeros need no memory.
  const at::Tensor zero = at::zeros({});
  const std::vector<at::Tensor> of_one = run(network, zero.expand(shape), wanted);
  shape.front() = 3;
  std::vector<at::Tensor> of_three;
  try {
    of_three = run(network, zero.expand(shape), wanted);
  } catch (const InputError&) {
    return network;  // the file fixes the number of samples, so nothing can be derived
  }
  for (size_t i = 0; i < reshapes.size(); ++i) {
    open_reshape(network, reshapes[i], of_one[values.size() + i], of_three[values.size() + i]);
  }
  size_t folded = 0;
  std::unordered_set<std::string> constant;
  for (size_t i = 0; i < values.size(); ++i) {
    folded += of_one[i].nbytes();
    if (!of_one[i].equal(of_three[i]) || folded > kMaxFoldedBytes || !is_finite(of_one[i]))
      continue;
    constant.insert(values[i]);
  }
  std::erase_if(network.nodes, [&](const Node& node) {
    return std::all_of(node.outputs.begin(), node.outputs.end(), [&](const std::string& output) {
      return output.empty() || constant.contains(output);
    });
  });
  for (const Node& node : network.nodes) {
    for (const std::string& output : node.outputs) constant.erase(output);
  }
  for (size_t i = 0; i < values.size(); ++i) {
    if (!constant.contains(values[i])) continue;
    network.initializers[values[i]] = of_one[i].clone(at::MemoryFormat::Contiguous);
  }
  return drop_unread(std::move(network));
}

Network drop_unread(Network network) {
  std::unordered_set<std::string> read{network.output.name};
  std::vector<Node> live;
  for (size_t i = network.nodes.size(); i-- > 0;) {
    Node& node = network.nodes[i];
    if (std::none_of(node.outputs.begin(), node.outputs.end(),
                     [&](const std::string& output) { return read.contains(output); })) {
      continue;
    }
    read.insert(node.inputs.begin(), node.inputs.end());
    live.push_back(std::move(node));
  }
  std::reverse(live.begin(), live.end());
  network.nodes = std::move(live);
  std::erase_if(network.initializers,
                [&](const auto& entry) { return !read.contains(entry.first); });
  return network;
}

}  // namespace ncprune
