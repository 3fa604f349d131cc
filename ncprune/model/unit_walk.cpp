#include "ncprune/model/unit_walk.h"

#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>

#include "ncprune/model/interpreter.h"

namespace ncprune {
namespace {

// The values whose shapes are needed: the first output of each node, and all read outputs of Split.
std::vector<std::string> values_of(const Network& network) {
  std::vector<std::string> names{network.input.name};
  for (const Node& node : network.nodes) {
    for (const std::string& output : node.outputs) {
      if (!output.empty()) names.push_back(output);
      if (node.op_type != "Split") break;
    }
  }
  return names;
}

}  // namespace

UnitWalk::UnitWalk(const Network& network) : network_(network) {
  for (const Node& node : network.nodes) {
    for (const std::string& input : node.inputs) ++readers_[input];
  }
  const at::NoGradGuard no_grad;
  std::vector<int64_t> shape;
  shape.reserve(network.input.shape.size());
  for (const int64_t n : network.input.shape) shape.push_back(std::max<int64_t>(n, 1));
  const std::vector<std::string> names = values_of(network);
  const std::vector<at::Tensor> values = run(network, at::zeros(shape), names);
  for (size_t i = 0; i < names.size(); ++i) shapes_[names[i]] = values[i].sizes().vec();
}

int64_t UnitWalk::size_from_end(const std::string& value, int64_t axis) const {
  const auto found = network_.initializers.find(value);
  const std::vector<int64_t> own =
      found != network_.initializers.end() ? found->second.sizes().vec() : shape(value);
  const int64_t place = axis + std::ssize(own);
  return place < 0 ? 1 : own[static_cast<size_t>(place)];
}

const at::Tensor* UnitWalk::constant(const Node& node, size_t input) const {
  if (input >= node.inputs.size()) return nullptr;
  const auto found = network_.initializers.find(node.inputs[input]);
  return found == network_.initializers.end() ? nullptr : &found->second;
}

std::vector<at::Tensor> UnitWalk::constants(const Node& node) const {
  std::vector<at::Tensor> all;
  all.reserve(node.inputs.size());
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const at::Tensor* known = constant(node, i);
    all.push_back(known != nullptr ? *known : at::Tensor());
  }
  return all;
}

at::Tensor UnitWalk::labels(const std::string& value) {
  const auto found = values_.find(value);
  return found == values_.end() ? at::Tensor() : sets_.settled(found->second);
}

void UnitWalk::set_along(const std::string& value, int64_t axis, const at::Tensor& labels) {
  std::vector<int64_t> own(static_cast<size_t>(rank(value)), 1);
  own[static_cast<size_t>(axis)] = labels.numel();
  set(value, labels.reshape(own));
}

bool UnitWalk::add_axis(const LabelledAxis& added) {
  const auto found = network_.initializers.find(added.tensor);
  if (found == network_.initializers.end() ||
      found->second.size(added.axis) != std::ssize(added.labels)) {
    return false;
  }
  const auto [known, is_new] = axis_at_.emplace(std::pair(added.tensor, added.axis), axes_.size());
  if (is_new) {
    axes_.push_back(added);
    return true;
  }
  // Exporters store equal vectors once, so two nodes may share this one: join their units.
  const LabelledAxis& same = axes_[known->second];
  for (size_t i = 0; i < added.labels.size(); ++i) sets_.join(same.labels[i], added.labels[i]);
  return true;
}

void UnitWalk::add_count(const LabelledCount& added) {
  if (added.labels.empty()) return;
  const auto [known, is_new] = count_at_.emplace(std::pair(added.tensor, added.place), Counted{});
  Counted& entry = known->second;
  if (is_new) {
    entry.number = counts_.size();
    counts_.push_back(added);
  }
  if (counts_[entry.number].labels == added.labels) {
    ++entry.readers;
  } else {
    entry.others.insert(entry.others.end(), added.labels.begin(), added.labels.end());
  }
}

void UnitWalk::add_reshape(const Node& node, const std::string& sizes, const at::Tensor& labels) {
  reshapes_.push_back({sizes, fmt::format("{} {}", node.op_type, node.label()), labels});
}

void UnitWalk::settle_reshapes() {
  for (const Reshaped& node : reshapes_) {
    at::Tensor labels = sets_.settled(node.labels);
    const std::vector<int64_t> axes = unit_axes(labels);
    for (size_t i = 0; i + 1 < axes.size(); ++i) labels = sets_.join_along(labels, axes[i]);
  }
  for (const Reshaped& node : reshapes_) {
    const at::Tensor labels = sets_.settled(node.labels);
    const std::vector<int64_t> sizes = integers_in({network_.initializers.at(node.sizes)}, 0);
    for (const int64_t axis : unit_axes(labels)) {
      // Neither inferred (-1) nor copied from the input (0).
      if (sizes[static_cast<size_t>(axis)] > 0) add_count({node.sizes, axis, flat(labels)});
    }
    if (labels.numel() == 1) sets_.keep(flat(labels), node.name + " needs all of its units");
  }
}

void UnitWalk::settle_counts() {
  for (const auto& [place, entry] : count_at_) {
    const std::string& tensor = place.first;
    if (entry.readers == readers(tensor)) continue;
    const std::string reason = fmt::format("'{}' counts them for one node only", tensor);
    sets_.keep(counts_[entry.number].labels, reason);
    sets_.keep(entry.others, reason);
  }
}

UnitLabels UnitWalk::finish(std::vector<Layer> layers) {
  settle_reshapes();
  settle_counts();
  for (LabelledAxis& axis : axes_) {
    for (int64_t& label : axis.labels) label = sets_.root(label);
  }
  for (LabelledCount& count : counts_) {
    for (int64_t& label : count.labels) label = sets_.root(label);
  }
  return {std::move(layers), std::move(axes_), std::move(counts_), sets_.reasons()};
}

}  // namespace ncprune
