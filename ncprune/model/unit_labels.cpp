#include "ncprune/model/unit_labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "ncprune/model/operators.h"
#include "ncprune/model/unit_shapes.h"
#include "ncprune/model/unit_walk.h"

namespace ncprune {
namespace {

using Shape = std::vector<int64_t>;

// Operators, besides activations, that map every unit separately, on any axis.
constexpr std::array kElementwise{"Erf", "Exp",  "Log",     "Sqrt",    "Abs",
                                  "Neg", "Cast", "Dropout", "Identity"};

// Operators that map every channel separately.
constexpr std::array kChannelwise{"GlobalMaxPool", "MaxPool", "AveragePool", "GlobalAveragePool"};
// Reductions that are finite for a unit of zeros.
constexpr std::array kReductions{"ReduceMean", "ReduceMax", "ReduceMin", "ReduceSum", "ReduceL2"};

// Elementwise operators of two values.
constexpr std::array kArithmetic{"Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "PRelu"};

template <size_t n>
bool is_one_of(const std::array<const char*, n>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

int64_t in_range(int64_t axis, int64_t rank) {
  return axis < 0 ? axis + rank : axis;
}

void keep_inputs(UnitWalk& walk, const Node& node) {
  for (const std::string& input : node.inputs) {
    const at::Tensor labels = walk.labels(input);
    if (!labels.defined()) continue;
    walk.sets().keep(flat(labels),
                     fmt::format("{} {} reads its units", node.op_type, node.label()));
  }
}

// A layer reads the units of its input and produces new ones; `number` is its index among the
// layers.
void visit_layer(UnitWalk& walk, const Node& node, const Layer& layer, size_t number) {
  const at::Tensor input = walk.labels(layer.input);
  if (input.defined()) {
    const int64_t axis = layer.convolution ? 1 : input.dim() - 1;
    const int64_t stored = layer.convolution || layer.transposed ? 1 : 0;
    if (!varies_only_along(input, axis) ||
        !walk.add_axis({layer.weight, stored, AxisRole::kColumns, number, flat(input)})) {
      keep_inputs(walk, node);
    }
  }
  const at::Tensor labels = walk.sets().fresh(weight_of(walk.network(), layer).size(0));
  walk.add_axis({layer.weight, layer.transposed ? 0 : 1, AxisRole::kRows, number, flat(labels)});
  // The bias of a MatMul is the Add after it, which is walked separately.
  if (!layer.bias.empty() && node.op_type != "MatMul") {
    walk.add_vector(layer.bias, 0, flat(labels));
  }
  if (labels.numel() == 1) {
    walk.sets().keep(flat(labels), "there is only one");
    return;
  }
  const std::string& output = node.outputs.front();
  walk.set_along(output, layer.convolution ? 1 : walk.rank(output) - 1, labels);
}

// A grouped convolution that is not a layer: its kernels are removed with their channels. Every
// group must lose the same number of channels.
bool pass_grouped(UnitWalk& walk, const Node& node) {
  const at::Tensor input = walk.labels(node.inputs.front());
  const int64_t groups = node.integer("group", 1);
  const at::Tensor* weight = walk.constant(node, 1);
  const bool known = groups > 1 && weight != nullptr && walk.readers(node.inputs[1]) == 1;
  if (!input.defined() || !known || !varies_only_along(input, 1)) return false;
  const at::Tensor in = input.reshape({groups, -1});
  const at::Tensor out = walk.sets().fresh(weight->size(0)).view({groups, -1});
  if (weight->size(1) == 1) {
    walk.sets().join(in, out);
  } else {
    walk.sets().join_along(out, 0);
    walk.sets().join_along(in, 0);
    if (!walk.add_vector(node.inputs[1], 1, flat(in[0]))) return false;
  }
  walk.add_vector(node.inputs[1], 0, flat(out));
  if (node.inputs.size() > 2 && !node.inputs[2].empty()) {
    walk.add_vector(node.inputs[2], 0, flat(out));
  }
  walk.set_along(node.outputs.front(), 1, out);
  return true;
}

// Whether every node that reads the vector normalizes: then it is enough to join their units.
bool only_norms_read(const UnitWalk& walk, const std::string& name) {
  if (walk.readers(name) == 1) return true;
  const std::vector<int64_t> readers = consumers(walk.network(), name);
  return std::all_of(readers.begin(), readers.end(), [&](int64_t reader) {
    return walk.network().nodes[static_cast<size_t>(reader)].op_type == "BatchNormalization";
  });
}

bool pass_norm(UnitWalk& walk, const Node& node, const at::Tensor& labels) {
  if (!varies_only_along(labels, 1)) return false;
  for (size_t i = 1; i < node.inputs.size(); ++i) {
    if (!only_norms_read(walk, node.inputs[i])) return false;
    if (!walk.add_vector(node.inputs[i], 0, flat(labels))) return false;
  }
  walk.set(node.outputs.front(), labels);
  return true;
}

// Every channel is normalized by itself, over all other axes. GroupNormalization is exported as
// this between two Reshapes: there a channel is a whole group, which is kept or removed as one.
bool pass_instance_norm(UnitWalk& walk, const Node& node, const at::Tensor& labels) {
  at::Tensor own = labels;
  for (int64_t axis = 2; axis < own.dim(); ++axis) {
    if (varies_along(own, axis)) own = walk.sets().join_along(own, axis);
  }
  if (!varies_only_along(own, 1)) return false;
  for (size_t i = 1; i < node.inputs.size(); ++i) {
    if (!walk.add_vector(node.inputs[i], 0, flat(own))) return false;
  }
  walk.set(node.outputs.front(), own);
  return true;
}

// QuantizeLinear or DequantizeLinear: one scale for the value, or one for every unit.
bool pass_quantizer(UnitWalk& walk, const Node& node, const at::Tensor& labels) {
  for (size_t i = 1; i < node.inputs.size(); ++i) {
    if (node.inputs[i].empty()) continue;
    const at::Tensor* own = walk.constant(node, i);
    if (own == nullptr) return false;
    if (own->numel() == 1) continue;
    const int64_t axis = in_range(node.integer("axis", 1), labels.dim());
    if (own->dim() != 1 || !varies_only_along(labels, axis)) return false;
    if (!walk.add_vector(node.inputs[i], 0, flat(labels))) return false;
  }
  walk.set(node.outputs.front(), labels);
  return true;
}

bool is_quantizer(const Node& node) {
  return node.domain.empty() &&
         (node.op_type == "QuantizeLinear" || node.op_type == "DequantizeLinear");
}

bool pass_reduction(UnitWalk& walk, const Node& node, const at::Tensor& labels) {
  const std::string& output = node.outputs.front();
  const Shape axes = axes_of(node, walk.constants(node), labels.dim());
  const auto holds_units = [&](int64_t axis) { return varies_along(labels, axis); };
  if (axes.empty() || std::any_of(axes.begin(), axes.end(), holds_units)) return false;
  Shape left;
  for (int64_t axis = 0; axis < labels.dim(); ++axis) {
    const bool gone = std::find(axes.begin(), axes.end(), axis) != axes.end();
    if (!gone || walk.rank(output) == labels.dim()) left.push_back(labels.size(axis));
  }
  walk.set(output, labels.reshape(left));
  return true;
}

// Whether `other`, which has no units, can be broadcast over them, or is a vector along them.
bool takes(UnitWalk& walk, const at::Tensor& labels, const std::string& other) {
  for (const int64_t axis : unit_axes(labels)) {
    const int64_t from_end = axis - labels.dim();
    if (walk.size_from_end(other, from_end) == 1) continue;
    const auto found = walk.network().initializers.find(other);
    if (found == walk.network().initializers.end() || walk.readers(other) != 1) return false;
    if (!varies_only_along(labels, axis)) return false;
    if (!walk.add_vector(other, from_end + found->second.dim(), flat(labels))) return false;
  }
  return true;
}

// Whether along the first `axes` axes every unit of one side matches one of the other, or the other
// is broadcast there.
bool meet(const UnitWalk& walk, const Node& node, const std::array<at::Tensor, 2>& sides,
          int64_t axes) {
  const int64_t rank = sides[0].defined() ? sides[0].dim() : sides[1].dim();
  const auto varies = [&](size_t side, int64_t axis) {
    return sides[side].defined() && varies_along(sides[side], axis);
  };
  for (int64_t axis = 0; axis < axes; ++axis) {
    if (varies(0, axis) == varies(1, axis)) continue;
    const std::string& other = node.inputs[varies(0, axis) ? 1 : 0];
    if (walk.size_from_end(other, axis - rank) != 1) return false;
  }
  return true;
}

bool pass_arithmetic(UnitWalk& walk, const Node& node) {
  if (node.inputs.size() != 2) return false;
  const std::string& output = node.outputs.front();
  std::array<at::Tensor, 2> sides{walk.labels(node.inputs[0]), walk.labels(node.inputs[1])};
  for (at::Tensor& side : sides) {
    if (side.defined()) side = with_rank(side, walk.rank(output));
  }
  for (size_t side = 0; side < 2; ++side) {
    if (sides[1 - side].defined()) continue;
    if (!takes(walk, sides[side], node.inputs[1 - side])) return false;
    walk.set(output, sides[side]);
    return true;
  }
  if (!meet(walk, node, sides, walk.rank(output))) return false;
  walk.set(output, walk.sets().join(sides[0], sides[1]));
  return true;
}

// The product of two values. Units along the summed axis cannot be removed one by one; those along
// the outer axes, such as attention heads, can.
bool pass_product(UnitWalk& walk, const Node& node) {
  const std::string& output = node.outputs.front();
  if (walk.constant(node, 0) != nullptr || walk.constant(node, 1) != nullptr) return false;
  if (walk.rank(node.inputs[0]) < 2 || walk.rank(node.inputs[1]) < 2) return false;
  const int64_t rank = walk.rank(output);
  std::array<at::Tensor, 2> sides;
  for (size_t side = 0; side < 2; ++side) {
    at::Tensor own = walk.labels(node.inputs[side]);
    if (!own.defined()) continue;
    own = with_rank(own, rank);
    const int64_t summed = side == 0 ? rank - 1 : rank - 2;
    if (varies_along(own, summed)) own = walk.sets().join_along(own, summed);
    if (unit_axes(own).empty()) return false;
    sides[side] = own;
  }
  if (!meet(walk, node, sides, rank - 2)) return false;
  if (!sides[0].defined() || !sides[1].defined()) {
    walk.set(output, sides[sides[0].defined() ? 0 : 1]);
    return true;
  }
  if (varies_along(sides[0], rank - 2) && varies_along(sides[1], rank - 1)) return false;
  walk.set(output, walk.sets().join(sides[0], sides[1]));
  return true;
}

// Whether the operator keeps the position of every unit and maps it separately.
bool keeps_places(const UnitWalk& walk, const Node& node, const at::Tensor& labels) {
  const std::string& type = node.op_type;
  if (is_activation(type) || is_one_of(kElementwise, type)) return true;
  if (is_one_of(kChannelwise, type)) return varies_only_along(labels, 1);
  if (type == "Softmax" || type == "LogSoftmax") {
    return !varies_along(labels, in_range(node.integer("axis", -1), labels.dim()));
  }
  if (type != "Resize" && type != "Pad") return false;
  const Shape& after = walk.shape(node.outputs.front());
  const Shape axes = unit_axes(labels);
  return std::all_of(axes.begin(), axes.end(), [&](int64_t axis) {
    return after[static_cast<size_t>(axis)] == labels.size(axis);
  });
}

// Passes the labels through a node without weight. Returns false if it cannot.
bool pass(UnitWalk& walk, const Node& node) {
  const std::string& type = node.op_type;
  if (type == "Conv") return pass_grouped(walk, node);
  if (is_one_of(kArithmetic, type)) return pass_arithmetic(walk, node);
  if (type == "Concat") return pass_concat(walk, node);
  if (type == "MatMul") return pass_product(walk, node);
  const at::Tensor labels = walk.labels(node.inputs.front());
  if (!labels.defined() || unit_axes(labels).empty()) return false;
  if (type == "Shape") return true;  // reads sizes, not units
  if (type == "BatchNormalization") return pass_norm(walk, node, labels);
  if (type == "InstanceNormalization") return pass_instance_norm(walk, node, labels);
  if (is_quantizer(node)) return pass_quantizer(walk, node, labels);
  if (is_one_of(kReductions, type)) return pass_reduction(walk, node, labels);
  if (!keeps_places(walk, node, labels)) return pass_shape(walk, node, labels);
  walk.set(node.outputs.front(), labels);
  return true;
}

}  // namespace

UnitLabels label_units(const Network& network) {
  UnitWalk walk(network);
  std::vector<Layer> layers = linear_layers(network);
  std::map<int64_t, size_t> layer_at;  // by node
  for (size_t l = 0; l < layers.size(); ++l) layer_at[layers[l].node] = l;
  for (size_t i = 0; i < network.nodes.size(); ++i) {
    const Node& node = network.nodes[i];
    if (const auto l = layer_at.find(static_cast<int64_t>(i)); l != layer_at.end()) {
      visit_layer(walk, node, layers[l->second], l->second);
      continue;
    }
    const bool any = std::any_of(node.inputs.begin(), node.inputs.end(),
                                 [&](const auto& input) { return walk.has_labels(input); });
    const bool is_unknown = node.foreign && !is_quantizer(node);
    if (any && (is_unknown || !pass(walk, node))) keep_inputs(walk, node);
  }
  if (const at::Tensor output = walk.labels(network.output.name); output.defined()) {
    walk.sets().keep(flat(output), "its units are an output of the network");
  }
  return walk.finish(std::move(layers));
}

}  // namespace ncprune
