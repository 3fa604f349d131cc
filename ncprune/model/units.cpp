#include "ncprune/model/units.h"

#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>

#include <map>
#include <tuple>
#include <utility>

#include "ncprune/model/all_unit_groups.h"
#include "ncprune/model/unit_labels.h"

namespace ncprune {
namespace {

// The positions of one unit along every labelled axis.
using Places = std::map<size_t, std::vector<int64_t>>;

struct Unit {
  std::string reason;
  Places places;
  std::map<size_t, int64_t> counts;  // how often each labelled count includes it
};

// The units in the order in which they are produced, each with all its positions.
std::vector<Unit> units_of(const UnitLabels& labels) {
  std::map<int64_t, size_t> known;
  std::vector<Unit> units;
  for (size_t a = 0; a < labels.axes.size(); ++a) {
    const std::vector<int64_t>& own = labels.axes[a].labels;
    for (size_t i = 0; i < own.size(); ++i) {
      const int64_t unit = own[i];
      const auto [entry, added] = known.emplace(unit, units.size());
      if (added) units.push_back({labels.reasons[static_cast<size_t>(unit)], {}, {}});
      units[entry->second].places[a].push_back(static_cast<int64_t>(i));
    }
  }
  for (size_t c = 0; c < labels.counts.size(); ++c) {
    for (const int64_t unit : labels.counts[c].labels) ++units[known.at(unit)].counts[c];
  }
  return units;
}

at::Tensor index_of(const std::vector<const Unit*>& members, size_t axis) {
  std::vector<int64_t> flat;
  for (const Unit* unit : members) {
    const std::vector<int64_t>& places = unit->places.at(axis);
    flat.insert(flat.end(), places.begin(), places.end());
  }
  return at::tensor(flat, at::TensorOptions(at::kLong)).view({std::ssize(members), -1});
}

// The columns of the matrix [m, d] that belong to `channels` of the layer's input.
at::Tensor columns_of(const at::Tensor& channels, int64_t width) {
  if (width == 1) return channels;
  const at::Tensor within = at::arange(width, channels.options());
  return (channels.unsqueeze(2) * width + within).flatten(1);
}

UnitGroup group_of(const Network& network, const UnitLabels& labels,
                   const std::vector<const Unit*>& members) {
  UnitGroup group{std::ssize(members), {}, {}, {}, {}, members.front()->reason};
  for (const auto& [c, each] : members.front()->counts) {
    group.counts.push_back({labels.counts[c].tensor, labels.counts[c].place, each});
  }
  for (const auto& [a, places] : members.front()->places) {
    const LabelledAxis& axis = labels.axes[a];
    const at::Tensor index = index_of(members, a);
    group.slices.push_back({axis.tensor, axis.axis, index, axis.role == AxisRole::kColumns});
    if (axis.role == AxisRole::kRows) {
      group.producers.push_back({labels.layers[axis.layer], index});
    } else if (axis.role == AxisRole::kColumns) {
      const Layer& layer = labels.layers[axis.layer];
      const int64_t d = weight_of(network, layer).size(1);
      group.consumers.push_back({layer, columns_of(index, d / std::ssize(axis.labels))});
    }
  }
  return group;
}

// Removes the scales with which a file stores the removed entries of an axis.
void cut_scales(Storage& storage, int64_t axis, const at::Tensor& stays) {
  if (storage.axis != axis || !storage.scale.defined()) return;
  for (at::Tensor* tensor : {&storage.scale, &storage.zero_point}) {
    if (!tensor->defined() || tensor->dim() != 1 || tensor->numel() == 1) continue;
    *tensor = tensor->index_select(0, stays);
  }
}

// The number of groups of a depthwise convolution equals that of its channels.
void set_groups(Network& smaller, const Network& network) {
  for (Node& node : smaller.nodes) {
    const int64_t groups = node.op_type == "Conv" ? node.integer("group", 1) : 1;
    if (groups == 1) continue;
    const auto before = network.initializers.find(node.inputs.at(1));
    if (before == network.initializers.end() || before->second.size(1) != 1) continue;
    const int64_t per_group = before->second.size(0) / groups;
    node.attributes["group"] = smaller.initializers.at(node.inputs[1]).size(0) / per_group;
  }
}

}  // namespace

std::vector<UnitGroup> all_unit_groups(const Network& network) {
  const UnitLabels labels = label_units(network);
  const std::vector<Unit> units = units_of(labels);
  // Units have the same structure if they have equally many positions along the same axes, and the
  // same reason to be kept.
  using Look =
      std::tuple<std::vector<std::pair<size_t, size_t>>, std::map<size_t, int64_t>, std::string>;
  std::map<Look, size_t> known;
  std::vector<std::vector<const Unit*>> members;
  for (const Unit& unit : units) {
    Look look{{}, unit.counts, unit.reason};
    for (const auto& [axis, places] : unit.places) {
      std::get<0>(look).emplace_back(axis, places.size());
    }
    const auto [entry, added] = known.emplace(look, members.size());
    if (added) members.emplace_back();
    members[entry->second].push_back(&unit);
  }
  std::vector<UnitGroup> groups;
  for (const auto& own : members) {
    UnitGroup group = group_of(network, labels, own);
    if (group.reason.empty() && group.consumers.empty()) {
      group.reason = "no layer that could be repaired reads its units";
      group.lacks_repair = true;
    }
    groups.push_back(std::move(group));
  }
  return groups;
}

std::vector<UnitGroup> unit_groups(const Network& network) {
  std::vector<UnitGroup> groups = all_unit_groups(network);
  std::erase_if(groups, [](const UnitGroup& group) { return group.producers.empty(); });
  return groups;
}

Network keep_units(const Network& network, const std::vector<UnitSelection>& selections) {
  std::map<std::pair<std::string, int64_t>, at::Tensor> stays;  // bool, along a tensor's axis
  std::map<std::pair<std::string, int64_t>, int64_t> fewer;     // decrease of each number
  for (const auto& [group, kept] : selections) {
    at::Tensor gone = at::full({group.units}, true, at::TensorOptions(at::kBool));
    gone.index_fill_(0, kept, false);
    const at::Tensor removed = gone.nonzero().flatten();
    for (const UnitCount& count : group.counts) {
      fewer[{count.tensor, count.place}] += removed.numel() * count.each;
    }
    for (const UnitSlice& slice : group.slices) {
      at::Tensor& mask = stays[{slice.tensor, slice.axis}];
      const int64_t size = network.initializers.at(slice.tensor).size(slice.axis);
      if (!mask.defined()) mask = at::full({size}, true, at::TensorOptions(at::kBool));
      mask.index_fill_(0, slice.index.index_select(0, removed).flatten(), false);
    }
  }
  Network smaller = network;
  for (const auto& [place, mask] : stays) {
    at::Tensor& tensor = smaller.initializers.at(place.first);
    const at::Tensor kept = mask.nonzero().flatten();
    tensor = tensor.index_select(place.second, kept);
    if (const auto found = smaller.storage.find(place.first); found != smaller.storage.end()) {
      cut_scales(found->second, place.second, kept);
    }
  }
  // A copy: the tensors are shared with `network`.
  for (const auto& [place, less] : fewer) {
    at::Tensor& tensor = smaller.initializers.at(place.first);
    tensor = tensor.clone();
    tensor.view(-1)[place.second] -= less;
  }
  set_groups(smaller, network);
  return smaller;
}

}  // namespace ncprune
