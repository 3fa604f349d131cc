#include "ncprune/model/unit_labels.h"

#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <numeric>
#include <optional>

#include "ncprune/model/interpreter.h"

namespace ncprune {
namespace {

// What beside the activations maps every unit by itself and gives as many.
constexpr std::array kUnitwise{"Erf",
                               "Exp",
                               "Log",
                               "Sqrt",
                               "Abs",
                               "Neg",
                               "Dropout",
                               "Cast",
                               "Identity",
                               "GlobalMaxPool",
                               "MaxPool",
                               "AveragePool",
                               "GlobalAveragePool"};

// Of two values, place by place.
constexpr std::array kArithmetic{"Add", "Sub", "Mul", "Div", "Pow", "Max", "Min"};

template <size_t n>
bool is_one_of(const std::array<const char*, n>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// The units along one axis of a value.
struct Labelled {
  int64_t axis;
  std::vector<int64_t> labels;
};

class Labeller {
 public:
  explicit Labeller(const Network& network) : network_(network) {
    result_.layers = linear_layers(network);
    std::vector<std::string> names;
    names.reserve(network.nodes.size() + 1);
    for (const Node& node : network.nodes) names.push_back(node.outputs.front());
    names.push_back(network.input.name);
    const at::NoGradGuard no_grad;
    std::vector<int64_t> shape;
    shape.reserve(network.input.shape.size());
    for (const int64_t n : network.input.shape) shape.push_back(std::max<int64_t>(n, 1));
    const std::vector<at::Tensor> values = run(network, at::zeros(shape), names);
    for (size_t i = 0; i < names.size(); ++i) shapes_[names[i]] = values[i].sizes().vec();
  }

  UnitLabels label() {
    for (size_t i = 0; i < network_.nodes.size(); ++i) visit(i);
    if (const Labelled* output = find(network_.output.name)) {
      keep(*output, "its units are an output of the network");
    }
    for (LabelledAxis& axis : result_.axes) {
      for (int64_t& label : axis.labels) label = root(label);
    }
    std::vector<std::string> reasons(reasons_.size());
    for (size_t i = 0; i < reasons_.size(); ++i) {
      std::string& own = reasons[static_cast<size_t>(root(static_cast<int64_t>(i)))];
      if (own.empty()) own = reasons_[i];
    }
    result_.reasons = std::move(reasons);
    return std::move(result_);
  }

 private:
  int64_t root(int64_t label) {
    int64_t& parent = parents_[static_cast<size_t>(label)];
    if (parent == label) return label;
    const int64_t top = root(parent);
    parents_[static_cast<size_t>(label)] = top;
    return top;
  }

  // From here on the two go together; the older label stands for both.
  void join(int64_t a, int64_t b) {
    const int64_t first = root(a);
    const int64_t second = root(b);
    parents_[static_cast<size_t>(std::max(first, second))] = std::min(first, second);
  }

  void join(const Labelled& a, const Labelled& b) {
    for (size_t i = 0; i < a.labels.size(); ++i) join(a.labels[i], b.labels[i]);
  }

  std::vector<int64_t> fresh(int64_t count) {
    std::vector<int64_t> labels(static_cast<size_t>(count));
    std::iota(labels.begin(), labels.end(), std::ssize(parents_));
    parents_.insert(parents_.end(), labels.begin(), labels.end());
    reasons_.resize(parents_.size());
    return labels;
  }

  void keep(const Labelled& value, const std::string& reason) {
    for (const int64_t label : value.labels) {
      std::string& own = reasons_[static_cast<size_t>(label)];
      if (own.empty()) own = reason;
    }
  }

  void keep_inputs(const Node& node) {
    for (const std::string& input : node.inputs) {
      if (const Labelled* value = find(input)) {
        keep(*value, fmt::format("{} {} reads its units", node.op_type, node.label()));
      }
    }
  }

  const Labelled* find(const std::string& value) const {
    const auto found = values_.find(value);
    return found == values_.end() ? nullptr : &found->second;
  }

  const std::vector<int64_t>& shape(const std::string& value) const { return shapes_.at(value); }

  // Notes an axis of a tensor. False when that does not hold as many places.
  bool add_axis(const LabelledAxis& added) {
    const auto found = network_.initializers.find(added.tensor);
    if (found == network_.initializers.end() ||
        found->second.size(added.axis) != std::ssize(added.labels)) {
      return false;
    }
    const auto same = std::find_if(result_.axes.begin(), result_.axes.end(), [&](const auto& a) {
      return a.tensor == added.tensor && a.axis == added.axis;
    });
    if (same == result_.axes.end()) {
      result_.axes.push_back(added);
      return true;
    }
    // Exporters store equal vectors once: two that go with the same units may be one.
    for (size_t i = 0; i < added.labels.size(); ++i) join(same->labels[i], added.labels[i]);
    return true;
  }

  // The same of a bias, a statistic, a depthwise kernel.
  bool add_vector(const std::string& tensor, int64_t axis, const std::vector<int64_t>& labels) {
    return add_axis({tensor, axis, AxisRole::kVector, 0, labels});
  }

  void visit(size_t index) {
    const Node& node = network_.nodes[index];
    const auto layer =
        std::find_if(result_.layers.begin(), result_.layers.end(),
                     [&](const Layer& l) { return l.node == static_cast<int64_t>(index); });
    if (layer != result_.layers.end()) {
      visit_layer(node, *layer, static_cast<size_t>(layer - result_.layers.begin()));
      return;
    }
    if (node.op_type == "Conv" && visit_grouped(node)) return;
    const bool any = std::any_of(node.inputs.begin(), node.inputs.end(),
                                 [&](const std::string& name) { return find(name) != nullptr; });
    if (any && !pass(node)) keep_inputs(node);
  }

  void visit_layer(const Node& node, const Layer& layer, size_t number) {
    if (const Labelled* input = find(layer.input)) {
      const bool reads_channels =
          layer.convolution ? input->axis == 1 : input->axis + 1 == std::ssize(shape(layer.input));
      const int64_t axis = layer.convolution || layer.transposed ? 1 : 0;
      if (!reads_channels ||
          !add_axis({layer.weight, axis, AxisRole::kColumns, number, input->labels})) {
        keep_inputs(node);
      }
    }
    const std::vector<int64_t> labels = fresh(weight_of(network_, layer).size(0));
    add_axis({layer.weight, layer.transposed ? 0 : 1, AxisRole::kRows, number, labels});
    const std::string& output = node.outputs.front();
    // The bias of a MatMul is the Add behind it, which comes as one.
    if (!layer.bias.empty() && node.op_type != "MatMul") {
      add_vector(layer.bias, 0, labels);
    }
    values_[output] = {layer.convolution ? 1 : std::ssize(shape(output)) - 1, labels};
  }

  // A convolution of several groups, which is not repaired: its kernels go with their channels. As
  // many channels must go from every group as from the others.
  bool visit_grouped(const Node& node) {
    const Labelled* input = find(node.inputs.front());
    const int64_t groups = node.integer("group", 1);
    const auto weight = network_.initializers.find(node.inputs.at(1));
    const bool known = groups > 1 && weight != network_.initializers.end() &&
                       consumers(network_, node.inputs[1]).size() == 1;
    if (input == nullptr || input->axis != 1 || !known) return false;
    const int64_t outputs = weight->second.size(0);
    const int64_t inputs_each = weight->second.size(1);
    const std::vector<int64_t> in = input->labels;
    std::vector<int64_t> out = fresh(outputs);
    const int64_t outputs_each = outputs / groups;
    if (inputs_each == 1) {
      for (int64_t i = 0; i < outputs; ++i) join(in.at(index(i / outputs_each)), out[index(i)]);
    } else {
      for (int64_t g = 1; g < groups; ++g) {
        for (int64_t i = 0; i < outputs_each; ++i)
          join(out[index(i)], out[index(g * outputs_each + i)]);
        for (int64_t i = 0; i < inputs_each; ++i)
          join(in[index(i)], in.at(index(g * inputs_each + i)));
      }
      add_vector(node.inputs[1], 1, {in.begin(), in.begin() + inputs_each});
    }
    add_vector(node.inputs[1], 0, out);
    if (node.inputs.size() > 2 && !node.inputs[2].empty()) {
      add_vector(node.inputs[2], 0, out);
    }
    values_[node.outputs.front()] = {1, out};
    return true;
  }

  static size_t index(int64_t i) { return static_cast<size_t>(i); }

  // Carries the labels over a node without a weight of its own. False: it cannot.
  bool pass(const Node& node) {
    const std::string& output = node.outputs.front();
    const Labelled* first = find(node.inputs.front());
    if (node.op_type == "BatchNormalization") return pass_norm(node, first);
    if (node.op_type == "PRelu") return pass_arithmetic(node);
    if (is_one_of(kArithmetic, node.op_type)) return pass_arithmetic(node);
    if (node.op_type == "Concat") return pass_concat(node);
    if (first == nullptr) return false;
    if (node.op_type == "Shape") return true;  // asks for sizes, not for units
    if (node.op_type == "Flatten")
      return node.integer("axis", 1) == 1 && pass_flatten(node, *first);
    if (node.op_type == "Reshape") return is_flat(node) && pass_flatten(node, *first);
    if (node.op_type == "ReduceMean") return pass_mean(node, *first);
    const bool keeps_axes = shape(output).size() == shape(node.inputs.front()).size();
    const bool keeps_units =
        keeps_axes && shape(output)[index(first->axis)] == std::ssize(first->labels);
    if (node.op_type == "Resize" || node.op_type == "Pad") {
      if (!keeps_units) return false;
    } else if (!is_activation(node.op_type) && !is_one_of(kUnitwise, node.op_type)) {
      return false;
    }
    values_[output] = *first;
    return keeps_units;
  }

  // Over axes behind the units', whether they stay as 1 or go.
  bool pass_mean(const Node& node, const Labelled& value) {
    const std::vector<int64_t> axes = node.integers("axes", {});
    const auto count = std::ssize(shape(node.inputs.front()));
    const bool behind = !axes.empty() && std::all_of(axes.begin(), axes.end(), [&](int64_t axis) {
      return (axis < 0 ? axis + count : axis) > value.axis;
    });
    if (behind) values_[node.outputs.front()] = value;
    return behind;
  }

  bool pass_norm(const Node& node, const Labelled* value) {
    if (value == nullptr || value->axis != 1) return false;
    const Labelled own = *value;
    for (size_t i = 1; i < node.inputs.size(); ++i) {
      if (!only_norms_read(node.inputs[i])) return false;
      if (!add_vector(node.inputs[i], 0, own.labels)) return false;
    }
    values_[node.outputs.front()] = own;
    return true;
  }

  // Whether every node that reads the vector normalizes: then joining their units is enough.
  bool only_norms_read(const std::string& name) const {
    const std::vector<int64_t> readers = consumers(network_, name);
    return std::all_of(readers.begin(), readers.end(), [&](int64_t reader) {
      return network_.nodes[index(reader)].op_type == "BatchNormalization";
    });
  }

  bool pass_arithmetic(const Node& node) {
    if (node.inputs.size() != 2) return false;
    const Labelled* a = find(node.inputs[0]);
    const Labelled* b = find(node.inputs[1]);
    const std::string& output = node.outputs.front();
    if (a != nullptr && b != nullptr) {
      if (a->labels.size() != b->labels.size()) return false;
      const auto from_end = [&](const Labelled& v, const std::string& name) {
        return std::ssize(shape(name)) - v.axis;
      };
      if (from_end(*a, node.inputs[0]) != from_end(*b, node.inputs[1])) return false;
      join(*a, *b);
      values_[output] = shape(output).size() == shape(node.inputs[0]).size() ? *a : *b;
      return true;
    }
    const size_t side = a != nullptr ? 0 : 1;
    const Labelled own = side == 0 ? *a : *b;
    const auto constant = network_.initializers.find(node.inputs[1 - side]);
    if (constant == network_.initializers.end()) return false;
    const int64_t from_end = std::ssize(shape(node.inputs[side])) - own.axis;
    const int64_t axis = constant->second.dim() - from_end;
    if (axis >= 0 && constant->second.size(axis) != 1) {
      if (consumers(network_, constant->first).size() != 1) return false;
      if (!add_vector(constant->first, axis, own.labels)) return false;
    }
    if (shape(output).size() != shape(node.inputs[side]).size()) return false;
    values_[output] = own;
    return true;
  }

  bool pass_concat(const Node& node) {
    const auto axes = std::ssize(shape(node.outputs.front()));
    int64_t axis = node.integer("axis", 1);
    if (axis < 0) axis += axes;
    Labelled joined{axis, {}};
    for (const std::string& input : node.inputs) {
      const Labelled* value = find(input);
      if (value == nullptr || value->axis != axis) return false;
      joined.labels.insert(joined.labels.end(), value->labels.begin(), value->labels.end());
    }
    values_[node.outputs.front()] = joined;
    return true;
  }

  // [N, C, ...] to [N, C * places]: every unit becomes a stretch of neighbours.
  bool pass_flatten(const Node& node, const Labelled& value) {
    const std::vector<int64_t>& before = shape(node.inputs.front());
    if (value.axis != 1) return false;
    const int64_t places =
        std::accumulate(before.begin() + 2, before.end(), int64_t{1}, std::multiplies<>());
    Labelled flat{1, {}};
    for (const int64_t label : value.labels)
      flat.labels.insert(flat.labels.end(), index(places), label);
    values_[node.outputs.front()] = flat;
    return true;
  }

  // A Reshape that is a Flatten, whatever the number of units.
  bool is_flat(const Node& node) const {
    if (node.inputs.size() < 2 || shape(node.outputs.front()).size() != 2) return false;
    const auto wanted = network_.initializers.find(node.inputs[1]);
    return wanted != network_.initializers.end() && wanted->second.numel() == 2 &&
           wanted->second[1].item<int64_t>() == -1;
  }

  const Network& network_;
  std::map<std::string, std::vector<int64_t>> shapes_;
  std::map<std::string, Labelled> values_;
  std::vector<int64_t> parents_;
  std::vector<std::string> reasons_;
  UnitLabels result_;
};

}  // namespace

UnitLabels label_units(const Network& network) {
  return Labeller(network).label();
}

}  // namespace ncprune
