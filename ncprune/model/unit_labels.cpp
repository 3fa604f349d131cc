#include "ncprune/model/unit_labels.h"

#include <ATen/ExpandUtils.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <utility>

#include "ncprune/model/interpreter.h"

namespace ncprune {
namespace {

using Shape = std::vector<int64_t>;

// What beside the activations maps every unit by itself, whatever axis it stands on.
constexpr std::array kElementwise{"Erf", "Exp",  "Log",     "Sqrt",    "Abs",
                                  "Neg", "Cast", "Dropout", "Identity"};

// What does so with channels alone.
constexpr std::array kChannelwise{"GlobalMaxPool", "MaxPool", "AveragePool", "GlobalAveragePool"};

// Of two values, place by place.
constexpr std::array kArithmetic{"Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "PRelu"};

template <size_t n>
bool is_one_of(const std::array<const char*, n>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

size_t index(int64_t i) {
  return static_cast<size_t>(i);
}

// `labels` with axes of size 1 in front, as broadcasting has it.
at::Tensor with_rank(const at::Tensor& labels, size_t rank) {
  Shape shape(rank - labels.sizes().size(), 1);
  shape.insert(shape.end(), labels.sizes().begin(), labels.sizes().end());
  return labels.reshape(shape);
}

// Axes of `before` and of `after` that hold the same elements: the smallest such stretches.
struct Block {
  size_t before_begin;
  size_t before_end;
  size_t after_begin;
  size_t after_end;
};

std::vector<Block> blocks_of(const Shape& before, const Shape& after) {
  std::vector<Block> blocks;
  size_t i = 0;
  size_t j = 0;
  while (i < before.size() && j < after.size()) {
    Block block{i, i + 1, j, j + 1};
    int64_t left = before[i++];
    int64_t right = after[j++];
    while (left != right) {
      if (left < right) {
        left *= before[i++];
      } else {
        right *= after[j++];
      }
    }
    block.before_end = i;
    block.after_end = j;
    blocks.push_back(block);
  }
  if (blocks.empty()) return blocks;
  blocks.back().before_end = before.size();  // what is left are axes of size 1
  blocks.back().after_end = after.size();
  return blocks;
}

// The labels of a value of shape `before` (see Labeller::values_) when it is read as `after`.
at::Tensor reshaped(at::Tensor labels, const Shape& before, const Shape& after) {
  Shape shape;
  for (const Block& block : blocks_of(before, after)) {
    const bool varies =
        std::any_of(labels.sizes().begin() + static_cast<int64_t>(block.before_begin),
                    labels.sizes().begin() + static_cast<int64_t>(block.before_end),
                    [](int64_t size) { return size > 1; });
    for (size_t j = block.after_begin; j < block.after_end; ++j) {
      shape.push_back(varies ? after[j] : 1);
    }
    if (!varies) continue;
    Shape whole = labels.sizes().vec();
    for (size_t i = block.before_begin; i < block.before_end; ++i) whole[i] = before[i];
    labels = labels.expand(whole);
  }
  return labels.reshape(shape);
}

class Labeller {
 public:
  explicit Labeller(const Network& network) : network_(network) {
    result_.layers = linear_layers(network);
    for (size_t l = 0; l < result_.layers.size(); ++l) layer_at_[result_.layers[l].node] = l;
    std::vector<std::string> names{network.input.name};
    for (const Node& node : network.nodes) {
      const size_t outputs = node.op_type == "Split" ? node.outputs.size() : 1;
      names.insert(names.end(), node.outputs.begin(),
                   node.outputs.begin() + static_cast<int64_t>(outputs));
      for (const std::string& input : node.inputs) ++readers_[input];
    }
    const at::NoGradGuard no_grad;
    Shape shape;
    shape.reserve(network.input.shape.size());
    for (const int64_t n : network.input.shape) shape.push_back(std::max<int64_t>(n, 1));
    const std::vector<at::Tensor> values = run(network, at::zeros(shape), names);
    for (size_t i = 0; i < names.size(); ++i) shapes_[names[i]] = values[i].sizes().vec();
  }

  UnitLabels label() {
    for (size_t i = 0; i < network_.nodes.size(); ++i) visit(i);
    if (const at::Tensor* output = find(network_.output.name)) {
      keep(*output, "its units are an output of the network");
    }
    settle_reshapes();
    settle_counts();
    for (LabelledAxis& axis : result_.axes) {
      for (int64_t& label : axis.labels) label = root(label);
    }
    for (LabelledCount& count : result_.counts) {
      for (int64_t& label : count.labels) label = root(label);
    }
    std::vector<std::string> reasons(reasons_.size());
    for (size_t i = 0; i < reasons_.size(); ++i) {
      std::string& own = reasons[index(root(static_cast<int64_t>(i)))];
      if (own.empty()) own = reasons_[i];
    }
    result_.reasons = std::move(reasons);
    return std::move(result_);
  }

 private:
  // ---------------------------------------------------------------- labels

  int64_t root(int64_t label) {
    int64_t top = label;
    while (parents_[index(top)] != top) top = parents_[index(top)];
    while (parents_[index(label)] != top) label = std::exchange(parents_[index(label)], top);
    return top;
  }

  // From here on the two go together; the older label stands for both.
  void join(int64_t a, int64_t b) {
    const int64_t first = root(a);
    const int64_t second = root(b);
    parents_[index(std::max(first, second))] = std::min(first, second);
  }

  // Place by place, of two of the same shape.
  void join(const at::Tensor& a, const at::Tensor& b) {
    const at::Tensor left = a.contiguous();
    const at::Tensor right = b.contiguous();
    const auto* from = left.data_ptr<int64_t>();
    const auto* to = right.data_ptr<int64_t>();
    for (int64_t i = 0; i < left.numel(); ++i) join(from[i], to[i]);
  }

  // What stands along `axis` goes together; the labels that are left.
  at::Tensor joined_along(const at::Tensor& labels, int64_t axis) {
    at::Tensor first = labels.narrow(axis, 0, 1);
    join(labels, first.expand_as(labels));
    return first;
  }

  at::Tensor fresh(int64_t count) {
    const int64_t first = std::ssize(parents_);
    for (int64_t i = 0; i < count; ++i) parents_.push_back(first + i);
    reasons_.resize(parents_.size());
    return at::arange(first, first + count, at::TensorOptions(at::kLong));
  }

  // The labels as they stand now, of size 1 along every axis on which they do not depend.
  at::Tensor settled(const at::Tensor& labels) {
    at::Tensor own = labels.clone(at::MemoryFormat::Contiguous);
    auto* data = own.data_ptr<int64_t>();
    for (int64_t i = 0; i < own.numel(); ++i) data[i] = root(data[i]);
    for (int64_t axis = 0; axis < own.dim(); ++axis) {
      const at::Tensor first = own.narrow(axis, 0, 1);
      if (own.size(axis) > 1 && own.equal(first.expand_as(own))) own = first;
    }
    return own;
  }

  static Shape axes_of_units(const at::Tensor& labels) {
    Shape axes;
    for (int64_t axis = 0; axis < labels.dim(); ++axis) {
      if (labels.size(axis) > 1) axes.push_back(axis);
    }
    return axes;
  }

  static bool varies_along(const at::Tensor& labels, int64_t axis) { return labels.size(axis) > 1; }

  static bool varies_only_along(const at::Tensor& labels, int64_t axis) {
    return axes_of_units(labels) == Shape{axis};
  }

  static std::vector<int64_t> flat(const at::Tensor& labels) {
    const at::Tensor own = labels.contiguous();
    return {own.data_ptr<int64_t>(), own.data_ptr<int64_t>() + own.numel()};
  }

  // ---------------------------------------------------------------- values

  const at::Tensor* find(const std::string& value) const {
    const auto found = values_.find(value);
    return found == values_.end() ? nullptr : &found->second;
  }

  const Shape& shape(const std::string& value) const { return shapes_.at(value); }

  int64_t rank(const std::string& value) const { return std::ssize(shape(value)); }

  const at::Tensor* constant(const Node& node, size_t input) const {
    if (input >= node.inputs.size()) return nullptr;
    const auto found = network_.initializers.find(node.inputs[input]);
    return found == network_.initializers.end() ? nullptr : &found->second;
  }

  void set(const std::string& value, const at::Tensor& labels) {
    values_.insert_or_assign(value, labels);
  }

  // Units that stand along one axis of the value.
  void set(const std::string& value, int64_t axis, const at::Tensor& labels) {
    Shape own(index(rank(value)), 1);
    own[index(axis)] = labels.numel();
    set(value, labels.reshape(own));
  }

  void keep(const at::Tensor& labels, const std::string& reason) { keep(flat(labels), reason); }

  void keep(const std::vector<int64_t>& labels, const std::string& reason) {
    for (const int64_t label : labels) {
      std::string& own = reasons_[index(label)];
      if (own.empty()) own = reason;
    }
  }

  void keep_inputs(const Node& node) {
    for (const std::string& input : node.inputs) {
      if (const at::Tensor* labels = find(input)) {
        keep(*labels, fmt::format("{} {} reads its units", node.op_type, node.label()));
      }
    }
  }

  // ---------------------------------------------------------------- places in initializers

  // Notes an axis of a tensor. False when that does not hold as many places.
  bool add_axis(const LabelledAxis& added) {
    const auto found = network_.initializers.find(added.tensor);
    if (found == network_.initializers.end() ||
        found->second.size(added.axis) != std::ssize(added.labels)) {
      return false;
    }
    const auto [known, is_new] =
        axis_at_.emplace(std::pair(added.tensor, added.axis), result_.axes.size());
    if (is_new) {
      result_.axes.push_back(added);
      return true;
    }
    // Exporters store equal vectors once: two that go with the same units may be one.
    const LabelledAxis& same = result_.axes[known->second];
    for (size_t i = 0; i < added.labels.size(); ++i) join(same.labels[i], added.labels[i]);
    return true;
  }

  // The same of a bias, a statistic, a depthwise kernel.
  bool add_vector(const std::string& tensor, int64_t axis, const std::vector<int64_t>& labels) {
    return add_axis({tensor, axis, AxisRole::kVector, 0, labels});
  }

  // Notes that entry `place` of an initializer counts these places, for one of those that read it.
  void add_count(const std::string& tensor, int64_t place, const std::vector<int64_t>& labels) {
    if (labels.empty()) return;
    const auto [known, is_new] = count_at_.emplace(std::pair(tensor, place), Counted{});
    Counted& entry = known->second;
    if (is_new) {
      entry.number = result_.counts.size();
      result_.counts.push_back({tensor, place, labels});
    }
    if (result_.counts[entry.number].labels == labels) {
      ++entry.readers;
    } else {
      entry.others.insert(entry.others.end(), labels.begin(), labels.end());
    }
  }

  // A number that does not count the same for all that read it stays what it is.
  void settle_counts() {
    for (const auto& [place, entry] : count_at_) {
      const std::string& tensor = place.first;
      if (entry.readers == readers_.at(tensor)) continue;
      const std::string reason = fmt::format("'{}' counts them for one node only", tensor);
      keep(result_.counts[entry.number].labels, reason);
      keep(entry.others, reason);
    }
  }

  // ---------------------------------------------------------------- nodes

  void visit(size_t i) {
    const Node& node = network_.nodes[i];
    if (const auto layer = layer_at_.find(static_cast<int64_t>(i)); layer != layer_at_.end()) {
      visit_layer(node, layer->second);
      return;
    }
    const bool any = std::any_of(node.inputs.begin(), node.inputs.end(),
                                 [&](const std::string& name) { return find(name) != nullptr; });
    if (!any) return;
    if (node.foreign || !(node.op_type == "Conv" ? pass_grouped(node) : pass(node))) {
      keep_inputs(node);
    }
  }

  void visit_layer(const Node& node, size_t number) {
    const Layer& layer = result_.layers[number];
    if (const at::Tensor* found = find(layer.input)) {
      const at::Tensor input = settled(*found);
      const int64_t axis = layer.convolution ? 1 : input.dim() - 1;
      const int64_t stored = layer.convolution || layer.transposed ? 1 : 0;
      if (!varies_only_along(input, axis) ||
          !add_axis({layer.weight, stored, AxisRole::kColumns, number, flat(input)})) {
        keep_inputs(node);
      }
    }
    const at::Tensor labels = fresh(weight_of(network_, layer).size(0));
    add_axis({layer.weight, layer.transposed ? 0 : 1, AxisRole::kRows, number, flat(labels)});
    const std::string& output = node.outputs.front();
    // The bias of a MatMul is the Add behind it, which comes as one.
    if (!layer.bias.empty() && node.op_type != "MatMul") {
      add_vector(layer.bias, 0, flat(labels));
    }
    if (labels.numel() == 1) {
      keep(labels, "there is only one");
    } else {
      set(output, layer.convolution ? 1 : rank(output) - 1, labels);
    }
  }

  // A convolution of several groups that is no layer: its kernels go with their channels. As many
  // channels must go from every group as from the others.
  bool pass_grouped(const Node& node) {
    const at::Tensor* input = find(node.inputs.front());
    const int64_t groups = node.integer("group", 1);
    const at::Tensor* weight = constant(node, 1);
    const bool known = groups > 1 && weight != nullptr && readers_.at(node.inputs[1]) == 1;
    if (input == nullptr || !known || !varies_only_along(settled(*input), 1)) return false;
    const int64_t outputs = weight->size(0);
    const at::Tensor in = settled(*input).reshape({groups, -1});
    const at::Tensor out = fresh(outputs).view({groups, -1});
    if (weight->size(1) == 1) {
      join(in.expand_as(out), out);
    } else {
      joined_along(out, 0);
      joined_along(in, 0);
      if (!add_vector(node.inputs[1], 1, flat(in[0]))) return false;
    }
    add_vector(node.inputs[1], 0, flat(out));
    if (node.inputs.size() > 2 && !node.inputs[2].empty()) {
      add_vector(node.inputs[2], 0, flat(out));
    }
    set(node.outputs.front(), 1, out);
    return true;
  }

  // Carries the labels over a node without a weight of its own. False: it cannot.
  bool pass(const Node& node) {
    const std::string& type = node.op_type;
    const std::string& output = node.outputs.front();
    if (is_one_of(kArithmetic, type)) return pass_arithmetic(node);
    if (type == "Concat") return pass_concat(node);
    if (type == "MatMul") return pass_product(node);
    const at::Tensor* first = find(node.inputs.front());
    if (first == nullptr) return false;
    const at::Tensor labels = settled(*first);
    if (axes_of_units(labels).empty()) return false;
    if (type == "BatchNormalization") return pass_norm(node, labels);
    if (type == "Shape") return true;  // asks for sizes, not for units
    if (type == "Reshape") return pass_reshape(node, labels);
    if (type == "Flatten" || type == "Squeeze" || type == "Unsqueeze") {
      set(output, reshaped(labels, shape(node.inputs.front()), shape(output)));
      return true;
    }
    if (type == "Transpose") return pass_transpose(node, labels);
    if (type == "Gather") return pass_gather(node, labels);
    if (type == "Slice") return pass_slice(node, labels);
    if (type == "Split") return pass_split(node, labels);
    if (type == "ReduceMean") return pass_mean(node, labels);
    if (type == "Softmax" || type == "LogSoftmax") {
      const int64_t axis = node.integer("axis", -1);
      if (varies_along(labels, axis < 0 ? axis + labels.dim() : axis)) return false;
    } else if (is_one_of(kChannelwise, type)) {
      if (!varies_only_along(labels, 1)) return false;
    } else if (type == "Resize" || type == "Pad") {
      for (const int64_t axis : axes_of_units(labels)) {
        if (shape(output)[index(axis)] != labels.size(axis)) return false;
      }
    } else if (!is_activation(type) && !is_one_of(kElementwise, type)) {
      return false;
    }
    set(output, labels);
    return true;
  }

  bool pass_mean(const Node& node, const at::Tensor& labels) {
    const std::string& output = node.outputs.front();
    const Shape axes = node.integers("axes", {});
    if (axes.empty()) return false;
    for (const int64_t axis : axes) {
      if (varies_along(labels, axis < 0 ? axis + labels.dim() : axis)) return false;
    }
    Shape left;
    for (int64_t axis = 0; axis < labels.dim(); ++axis) {
      const bool gone = std::any_of(axes.begin(), axes.end(), [&](int64_t a) {
        return (a < 0 ? a + labels.dim() : a) == axis;
      });
      if (!gone || rank(output) == labels.dim()) left.push_back(labels.size(axis));
    }
    set(output, labels.reshape(left));
    return true;
  }

  bool pass_norm(const Node& node, const at::Tensor& labels) {
    if (!varies_only_along(labels, 1)) return false;
    for (size_t i = 1; i < node.inputs.size(); ++i) {
      if (!only_norms_read(node.inputs[i])) return false;
      if (!add_vector(node.inputs[i], 0, flat(labels))) return false;
    }
    set(node.outputs.front(), labels);
    return true;
  }

  // Whether every node that reads the vector normalizes: then joining their units is enough.
  bool only_norms_read(const std::string& name) const {
    if (readers_.at(name) == 1) return true;
    const std::vector<int64_t> readers = consumers(network_, name);
    return std::all_of(readers.begin(), readers.end(), [&](int64_t reader) {
      return network_.nodes[index(reader)].op_type == "BatchNormalization";
    });
  }

  bool pass_arithmetic(const Node& node) {
    if (node.inputs.size() != 2) return false;
    const at::Tensor* a = find(node.inputs[0]);
    const at::Tensor* b = find(node.inputs[1]);
    const std::string& output = node.outputs.front();
    const size_t axes = index(rank(output));
    if (a == nullptr || b == nullptr) {
      const size_t side = a != nullptr ? 0 : 1;
      const at::Tensor labels = with_rank(settled(side == 0 ? *a : *b), axes);
      if (!takes(labels, node.inputs[1 - side])) return false;
      set(output, labels);
      return true;
    }
    const at::Tensor left = with_rank(settled(*a), axes);
    const at::Tensor right = with_rank(settled(*b), axes);
    for (int64_t axis = 0; axis < left.dim(); ++axis) {
      if (varies_along(left, axis) == varies_along(right, axis)) continue;
      const std::string& other = varies_along(left, axis) ? node.inputs[1] : node.inputs[0];
      if (size_of(other, axis - left.dim()) != 1) return false;
    }
    set(output, joined(left, right));
    return true;
  }

  // Broadcasts the two to one shape and joins them there.
  at::Tensor joined(const at::Tensor& a, const at::Tensor& b) {
    const Shape common = at::infer_size(a.sizes(), b.sizes());
    at::Tensor left = a.expand(common);
    join(left, b.expand(common));
    return left;
  }

  // Of a value or an initializer; `axis` < 0 counts from the end, and where it has none: 1.
  int64_t size_of(const std::string& value, int64_t axis) const {
    const auto found = network_.initializers.find(value);
    const Shape own =
        found != network_.initializers.end() ? found->second.sizes().vec() : shape(value);
    const int64_t place = axis + std::ssize(own);
    return place < 0 ? 1 : own[index(place)];
  }

  // Whether `other`, which has no units, can be broadcast over them, or is a vector along them.
  bool takes(const at::Tensor& labels, const std::string& other) {
    for (const int64_t axis : axes_of_units(labels)) {
      const int64_t from_end = axis - labels.dim();
      if (size_of(other, from_end) == 1) continue;
      const auto found = network_.initializers.find(other);
      if (found == network_.initializers.end() || readers_.at(other) != 1) return false;
      if (!varies_only_along(labels, axis)) return false;
      if (!add_vector(other, from_end + found->second.dim(), flat(labels))) return false;
    }
    return true;
  }

  bool pass_concat(const Node& node) {
    const std::string& output = node.outputs.front();
    int64_t axis = node.integer("axis", 1);
    if (axis < 0) axis += rank(output);
    std::vector<at::Tensor> parts;
    for (const std::string& input : node.inputs) {
      const at::Tensor* labels = find(input);
      if (labels == nullptr) return false;
      parts.push_back(settled(*labels));
    }
    const bool along = std::all_of(parts.begin(), parts.end(), [&](const at::Tensor& labels) {
      return varies_only_along(labels, axis);
    });
    if (along) {
      set(output, at::cat(parts, axis));
      return true;
    }
    for (const at::Tensor& labels : parts) {
      if (varies_along(labels, axis) || labels.sizes() != parts[0].sizes()) return false;
    }
    for (const at::Tensor& labels : parts) join(parts[0], labels);
    set(output, parts[0]);
    return true;
  }

  // The product of two values. Units along the axis that is summed over cannot go one by one; those
  // of the axes around it can, as attention heads do.
  bool pass_product(const Node& node) {
    const std::string& output = node.outputs.front();
    if (constant(node, 0) != nullptr || constant(node, 1) != nullptr) return false;
    const auto axes = rank(output);
    if (rank(node.inputs[0]) < 2 || rank(node.inputs[1]) < 2) return false;
    std::array<at::Tensor, 2> sides;
    for (size_t side = 0; side < 2; ++side) {
      const at::Tensor* labels = find(node.inputs[side]);
      if (labels == nullptr) continue;
      at::Tensor own = with_rank(settled(*labels), index(axes));
      const int64_t summed = side == 0 ? axes - 1 : axes - 2;
      if (varies_along(own, summed)) own = joined_along(own, summed);
      if (axes_of_units(own).empty()) return false;
      sides[side] = own;
    }
    const auto varies = [&](size_t side, int64_t axis) {
      return sides[side].defined() && varies_along(sides[side], axis);
    };
    if (varies(0, axes - 2) && varies(1, axes - 1)) return false;
    for (int64_t axis = 0; axis + 2 < axes; ++axis) {
      if (varies(0, axis) == varies(1, axis)) continue;
      const std::string& other = node.inputs[varies(0, axis) ? 1 : 0];
      if (size_of(other, axis - axes) != 1) return false;
    }
    const bool both = sides[0].defined() && sides[1].defined();
    set(output, both ? joined(sides[0], sides[1]) : sides[sides[0].defined() ? 0 : 1]);
    return true;
  }

  bool pass_transpose(const Node& node, const at::Tensor& labels) {
    Shape order(index(labels.dim()));
    std::iota(order.rbegin(), order.rend(), 0);
    set(node.outputs.front(), labels.permute(node.integers("perm", order)));
    return true;
  }

  // The places that are left, as the file has it, are settled when all is joined.
  bool pass_reshape(const Node& node, const at::Tensor& labels) {
    const std::string& output = node.outputs.front();
    const at::Tensor* sizes = constant(node, 1);
    if (sizes == nullptr || sizes->numel() != rank(output)) return false;
    const at::Tensor own = reshaped(labels, shape(node.inputs.front()), shape(output));
    set(output, own);
    reshapes_.push_back({node.inputs[1], fmt::format("Reshape {}", node.label()), own});
    return true;
  }

  // Along an axis that no unit is lost of: what stands along it goes together.
  bool pass_gather(const Node& node, const at::Tensor& labels) {
    const at::Tensor* places = constant(node, 1);
    if (places == nullptr) return false;
    int64_t axis = node.integer("axis", 0);
    if (axis < 0) axis += labels.dim();
    const at::Tensor own = varies_along(labels, axis) ? joined_along(labels, axis) : labels;
    if (axes_of_units(own).empty()) return false;
    Shape sizes = own.sizes().vec();
    sizes.erase(sizes.begin() + axis);
    sizes.insert(sizes.begin() + axis, index(places->dim()), 1);
    set(node.outputs.front(), own.reshape(sizes));
    return true;
  }

  bool pass_slice(const Node& node, at::Tensor labels) {
    const at::Tensor* starts = constant(node, 1);
    const at::Tensor* ends = constant(node, 2);
    if (starts == nullptr || ends == nullptr) return false;
    const std::vector<at::Tensor> inputs = constants(node);
    const Shape from = integers_in(inputs, 1);
    const Shape to = integers_in(inputs, 2);
    Shape all(from.size());
    std::iota(all.begin(), all.end(), 0);
    const Shape axes = integers_in(inputs, 3, all);
    const Shape steps = integers_in(inputs, 4, Shape(from.size(), 1));
    for (size_t i = 0; i < from.size(); ++i) {
      const int64_t axis = axes[i] < 0 ? axes[i] + labels.dim() : axes[i];
      if (!varies_along(labels, axis)) continue;
      if (!varies_only_along(labels, axis) || steps[i] != 1 || from[i] < 0 || to[i] < from[i]) {
        return false;
      }
      const std::vector<int64_t> own = flat(labels);
      const int64_t end = std::min(to[i], std::ssize(own));
      const auto first = [&](int64_t count) {
        return std::vector<int64_t>(own.begin(), own.begin() + count);
      };
      if (from[i] >= end) return false;
      add_count(node.inputs[1], static_cast<int64_t>(i), first(from[i]));
      // An end that means "to the last" goes on meaning it.
      if (to[i] <= std::ssize(own)) add_count(node.inputs[2], static_cast<int64_t>(i), first(end));
      labels = labels.narrow(axis, from[i], end - from[i]);
    }
    set(node.outputs.front(), labels);
    return true;
  }

  // The node's inputs that are known beforehand; others are undefined.
  std::vector<at::Tensor> constants(const Node& node) const {
    std::vector<at::Tensor> all;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const at::Tensor* known = constant(node, i);
      all.push_back(known != nullptr ? *known : at::Tensor());
    }
    return all;
  }

  bool pass_split(const Node& node, const at::Tensor& labels) {
    int64_t axis = node.integer("axis", 0);
    if (axis < 0) axis += labels.dim();
    if (!varies_along(labels, axis)) {
      for (const std::string& output : node.outputs) set(output, labels);
      return true;
    }
    if (!varies_only_along(labels, axis)) return false;
    const bool sized = node.inputs.size() > 1 && !node.inputs[1].empty();
    if (sized && constant(node, 1) == nullptr) return false;
    int64_t begin = 0;
    for (size_t k = 0; k < node.outputs.size(); ++k) {
      const int64_t size = shape(node.outputs[k])[index(axis)];
      const at::Tensor own = labels.narrow(axis, begin, size);
      if (sized) {
        add_count(node.inputs[1], static_cast<int64_t>(k), flat(own));
      } else if (own.numel() == shape(node.outputs[0])[index(axis)]) {
        join(labels.narrow(axis, 0, size), own);  // the parts stay alike
      } else {
        return false;
      }
      set(node.outputs[k], own);
      begin += size;
    }
    return true;
  }

  // A value keeps its form: its units go along one axis, what stands along the others goes
  // together. Then the sizes that Reshape is told count what is left.
  void settle_reshapes() {
    for (const Reshaped& node : reshapes_) {
      at::Tensor labels = settled(node.labels);
      const Shape axes = axes_of_units(labels);
      for (size_t i = 0; i + 1 < axes.size(); ++i) labels = joined_along(labels, axes[i]);
    }
    for (const Reshaped& node : reshapes_) {
      const at::Tensor labels = settled(node.labels);
      const Shape sizes = integers_in({network_.initializers.at(node.sizes)}, 0);
      for (const int64_t axis : axes_of_units(labels)) {
        if (sizes[index(axis)] <= 0) continue;  // what is left over, or as many as came in
        add_count(node.sizes, axis, flat(labels));
      }
      if (labels.numel() == 1) keep(labels, node.name + " needs all of its units");
    }
  }

  struct Counted {
    size_t number = 0;            // in UnitLabels::counts
    int64_t readers = 0;          // for which it counts those
    std::vector<int64_t> others;  // what it counts for the rest
  };

  struct Reshaped {
    std::string sizes;  // initializer
    std::string name;
    at::Tensor labels;  // of the output
  };

  const Network& network_;
  std::map<std::string, Shape> shapes_;
  std::map<std::string, int64_t> readers_;  // of every value: inputs of nodes
  // The label of the unit at every place of a value: of its rank, and of size 1 along every axis
  // on which it does not depend.
  std::map<std::string, at::Tensor> values_;
  std::vector<Reshaped> reshapes_;
  std::vector<int64_t> parents_;
  std::vector<std::string> reasons_;
  std::map<int64_t, size_t> layer_at_;  // by node
  std::map<std::pair<std::string, int64_t>, size_t> axis_at_;
  std::map<std::pair<std::string, int64_t>, Counted> count_at_;
  UnitLabels result_;
};

}  // namespace

UnitLabels label_units(const Network& network) {
  return Labeller(network).label();
}

}  // namespace ncprune
