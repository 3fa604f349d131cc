#include "ncprune/model/unit_shapes.h"

#include <ATen/ops/cat.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "ncprune/model/operators.h"

namespace ncprune {
namespace {

using Sizes = std::vector<int64_t>;

size_t as_index(int64_t i) {
  return static_cast<size_t>(i);
}

// The attribute `axis` of a node that has run and is therefore in range.
int64_t axis_in(const Node& node, int64_t fallback, int64_t rank) {
  const int64_t axis = node.integer("axis", fallback);
  return axis < 0 ? axis + rank : axis;
}

// Flatten, Squeeze, Unsqueeze: no number in the file counts units.
bool pass_form(UnitWalk& walk, const Node& node, const at::Tensor& labels) {
  const std::string& output = node.outputs.front();
  const at::Tensor own = reshaped(labels, walk.shape(node.inputs.front()), walk.shape(output));
  if (own.defined()) walk.set(output, own);
  return own.defined();
}

// Which of its sizes count units is decided after all sets are joined.
bool pass_reshape(UnitWalk& walk, const Node& node, const at::Tensor& labels) {
  const at::Tensor* sizes = walk.constant(node, 1);
  if (sizes == nullptr || sizes->numel() != walk.rank(node.outputs.front())) return false;
  if (!pass_form(walk, node, labels)) return false;
  walk.add_reshape(node, node.inputs[1], walk.labels(node.outputs.front()));
  return true;
}

bool pass_transpose(UnitWalk& walk, const Node& node, const at::Tensor& labels) {
  Sizes order(as_index(labels.dim()));
  std::iota(order.rbegin(), order.rend(), 0);
  walk.set(node.outputs.front(), labels.permute(node.integers("perm", order)));
  return true;
}

// Units along the gathered axis are joined, so that they are removed only together.
bool pass_gather(UnitWalk& walk, const Node& node, const at::Tensor& labels) {
  const at::Tensor* places = walk.constant(node, 1);
  if (places == nullptr) return false;
  const int64_t axis = axis_in(node, 0, labels.dim());
  const at::Tensor own = varies_along(labels, axis) ? walk.sets().join_along(labels, axis) : labels;
  if (unit_axes(own).empty()) return false;
  Sizes sizes = own.sizes().vec();
  sizes.erase(sizes.begin() + axis);
  sizes.insert(sizes.begin() + axis, as_index(places->dim()), 1);
  walk.set(node.outputs.front(), own.reshape(sizes));
  return true;
}

bool pass_slice(UnitWalk& walk, const Node& node, const at::Tensor& labels) {
  if (walk.constant(node, 1) == nullptr || walk.constant(node, 2) == nullptr) return false;
  const std::vector<at::Tensor> inputs = walk.constants(node);
  const Sizes starts = integers_in(inputs, 1);
  const Sizes ends = integers_in(inputs, 2);
  Sizes first_axes(starts.size());
  std::iota(first_axes.begin(), first_axes.end(), 0);
  const Sizes axes = integers_in(inputs, 3, first_axes);
  const Sizes steps = integers_in(inputs, 4, Sizes(starts.size(), 1));
  at::Tensor left = labels;
  for (size_t i = 0; i < starts.size(); ++i) {
    const int64_t axis = axes[i] < 0 ? axes[i] + left.dim() : axes[i];
    if (!varies_along(left, axis)) continue;
    const std::vector<int64_t> own = flat(left);
    const int64_t end = std::min(ends[i], std::ssize(own));
    if (!varies_only_along(left, axis) || steps[i] != 1 || starts[i] < 0 || starts[i] >= end) {
      return false;
    }
    const auto place = static_cast<int64_t>(i);
    walk.add_count({node.inputs[1], place, {own.begin(), own.begin() + starts[i]}});
    // An end that means "to the last" keeps its meaning.
    if (ends[i] == end) walk.add_count({node.inputs[2], place, {own.begin(), own.begin() + end}});
    left = left.narrow(axis, starts[i], end - starts[i]);
  }
  walk.set(node.outputs.front(), left);
  return true;
}

bool pass_split(UnitWalk& walk, const Node& node, const at::Tensor& labels) {
  const auto is_empty = [](const std::string& name) { return name.empty(); };
  if (std::any_of(node.outputs.begin(), node.outputs.end(), is_empty)) return false;
  const int64_t axis = axis_in(node, 0, labels.dim());
  if (!varies_along(labels, axis)) {
    for (const std::string& output : node.outputs) walk.set(output, labels);
    return true;
  }
  if (!varies_only_along(labels, axis)) return false;
  const bool sized = node.inputs.size() > 1 && !node.inputs[1].empty();
  if (sized && walk.constant(node, 1) == nullptr) return false;
  int64_t begin = 0;
  for (size_t k = 0; k < node.outputs.size(); ++k) {
    const int64_t size = walk.shape(node.outputs[k])[as_index(axis)];
    const at::Tensor own = labels.narrow(axis, begin, size);
    if (sized) {
      walk.add_count({node.inputs[1], static_cast<int64_t>(k), flat(own)});
    } else if (size == walk.shape(node.outputs[0])[as_index(axis)]) {
      walk.sets().join(labels.narrow(axis, 0, size), own);  // the parts keep equal sizes
    } else {
      return false;
    }
    walk.set(node.outputs[k], own);
    begin += size;
  }
  return true;
}

}  // namespace

bool pass_shape(UnitWalk& walk, const Node& node, const at::Tensor& labels) {
  using Rule = bool (*)(UnitWalk&, const Node&, const at::Tensor&);
  static const std::map<std::string, Rule> rules{
      {"Flatten", pass_form},        {"Gather", pass_gather}, {"Reshape", pass_reshape},
      {"Slice", pass_slice},         {"Split", pass_split},   {"Squeeze", pass_form},
      {"Transpose", pass_transpose}, {"Unsqueeze", pass_form}};
  const auto rule = rules.find(node.op_type);
  return rule != rules.end() && rule->second(walk, node, labels);
}

bool pass_concat(UnitWalk& walk, const Node& node) {
  const std::string& output = node.outputs.front();
  const int64_t axis = axis_in(node, 1, walk.rank(output));
  std::vector<at::Tensor> parts;
  parts.reserve(node.inputs.size());
  for (const std::string& input : node.inputs) {
    parts.push_back(walk.labels(input));
    if (!parts.back().defined()) return false;
  }
  const bool along = std::all_of(parts.begin(), parts.end(), [&](const at::Tensor& labels) {
    return varies_only_along(labels, axis);
  });
  if (along) {
    walk.set(output, at::cat(parts, axis));
    return true;
  }
  for (const at::Tensor& labels : parts) {
    if (varies_along(labels, axis) || labels.sizes() != parts[0].sizes()) return false;
  }
  for (const at::Tensor& labels : parts) walk.sets().join(parts[0], labels);
  walk.set(output, parts[0]);
  return true;
}

}  // namespace ncprune
