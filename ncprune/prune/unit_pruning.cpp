#include "ncprune/prune/unit_pruning.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <stdexcept>

#include "ncprune/base/error.h"
#include "ncprune/prune/parts.h"
#include "ncprune/prune/score_difference.h"
#include "ncprune/prune/unit_choice.h"
#include "ncprune/prune/unit_merging.h"

namespace ncprune {
namespace {

struct Task {
  const Network& dense;
  const Dataset& data;
  const Recipe& recipe;
  LayerwiseMoments measured;
  std::vector<UnitGroup> groups;  // those whose units can be removed
  Network start = dense;          // the weights that are masked; their units may be merged already
};

std::vector<UnitGroup> movable(const std::vector<UnitGroup>& groups) {
  std::vector<UnitGroup> result;
  for (const UnitGroup& group : groups) {
    if (group.reason.empty()) result.push_back(group);
  }
  return result;
}

// Bool [d], true for the inputs of a layer that stay.
struct LayerInputs {
  const Layer& layer;
  at::Tensor stay;
};

// Zeroes the weights of the other inputs in `network`, and repairs the layer.
void mask_inputs(Network& network, const LayerInputs& inputs, Task& task) {
  const Layer& layer = inputs.layer;
  const Recipe& recipe = task.recipe;
  const at::Tensor weight = weight_of(task.start, layer);
  const at::Tensor mask = inputs.stay.unsqueeze(0).expand_as(weight).contiguous();
  const MetricOptions metric = repair_metric_of(recipe.method, recipe.metric);
  const auto moments = [&] { return task.measured.moments(network, layer, metric); };
  repair_of(recipe.method)
      .apply(network, {task.dense,
                       task.data,
                       layer,
                       weight,
                       mask,
                       moments,
                       {task.measured, metric},
                       metric.damping,
                       solver_of(recipe.method).solve != nullptr});
}

// Zeroes the tensors' entries that make the removed units, which nothing reads any more.
void zero_producers(Network& network, const UnitGroup& group, const at::Tensor& removed) {
  for (const UnitEntries& producer : group.producers) {
    const Layer& layer = producer.layer;
    const at::Tensor rows = producer.index.index_select(0, removed).flatten();
    set_weight(network, layer, weight_of(network, layer).index_fill(0, rows, 0));
    if (layer.bias.empty()) continue;
    set_bias(network, layer, bias_of(network, layer).index_fill(0, rows, 0));
  }
}

// The rows [u, w] of the group's units in the layer; undefined: none.
at::Tensor rows_in(const UnitGroup& group, const Layer& layer) {
  for (const UnitEntries& producer : group.producers) {
    if (producer.layer.node == layer.node) return producer.index;
  }
  return {};
}

// The kept units of every layer except the head.
void add_layers(Pruned& result, const std::vector<UnitGroup>& groups, const Task& task,
                const std::vector<at::Tensor>& removed) {
  for (const Layer& layer : unit_layers(task.dense)) {
    const int64_t units = weight_of(task.dense, layer).size(0);
    PrunedLayer own{layer.name, units, units, {}};
    at::Tensor kept = at::arange(units);
    for (const UnitGroup& group : groups) {
      const auto made = rows_in(group, layer);
      if (made.defined() && !group.reason.empty()) own.reason = group.reason;
    }
    std::vector<at::Tensor> rows_removed;
    for (size_t g = 0; g < task.groups.size(); ++g) {
      const at::Tensor rows = rows_in(task.groups[g], layer);
      if (rows.defined()) rows_removed.push_back(rows.index_select(0, removed[g]).flatten());
    }
    if (!rows_removed.empty()) {
      kept = all_but(units, at::cat(rows_removed));
      own.kept = kept.numel();
      own.reason.clear();
    }
    result.layers.push_back(std::move(own));
    result.kept.push_back(std::move(kept));
  }
}

// From the input to the output, removes units of the groups that each layer reads and repairs the
// layer. `choose` returns the units to keep (int64, ascending) and is called once per group.
// `groups` are all groups, including those whose units cannot be removed.
Pruned remove_from_layers(const std::vector<UnitGroup>& groups, Task& task,
                          const std::function<at::Tensor(const Network&, size_t group)>& choose) {
  const Network& dense = task.dense;
  Network masked = task.start;
  std::vector<at::Tensor> removed(task.groups.size());
  for (const Layer& layer : weight_layers(dense)) {
    at::Tensor inputs = at::ones({weight_of(dense, layer).size(1)}, at::TensorOptions(at::kBool));
    for (size_t g = 0; g < task.groups.size(); ++g) {
      const UnitGroup& group = task.groups[g];
      for (const UnitEntries& consumer : group.consumers) {
        if (consumer.layer.node != layer.node) continue;
        if (!removed[g].defined()) removed[g] = all_but(group.units, choose(masked, g));
        inputs.index_fill_(0, consumer.index.index_select(0, removed[g]).flatten(), false);
      }
    }
    if (!inputs.all().item<bool>()) mask_inputs(masked, {layer, inputs}, task);
  }
  std::vector<UnitSelection> selections;
  selections.reserve(task.groups.size());
  for (size_t g = 0; g < task.groups.size(); ++g) {
    zero_producers(masked, task.groups[g], removed[g]);
    selections.push_back({task.groups[g], all_but(task.groups[g].units, removed[g])});
  }
  Pruned result{keep_units(masked, selections), task.recipe, {}, {}, 0};
  const ScoreDifference apart = score_difference(masked, result.network, task.data);
  const double found = apart.largest / std::max(apart.scale, 1e-30);
  constexpr double kTolerance = 1e-5;
  if (!(found <= kTolerance)) {
    throw std::logic_error(
        fmt::format("the smaller network differs from the masked one by {:.1e}", found));
  }
  result.shrinkage = Shrinkage{std::move(masked), cost(dense), {}, found};
  add_layers(result, groups, task, removed);
  return result;
}

// remove_from_layers() for units that were chosen before; `kept` holds those of every group.
Pruned keep_only(const std::vector<UnitGroup>& groups, Task& task,
                 const std::vector<at::Tensor>& kept) {
  if (solver_of(task.recipe.method).merges_units) {
    std::vector<UnitSelection> selections;
    for (size_t g = 0; g < task.groups.size(); ++g) selections.push_back({task.groups[g], kept[g]});
    task.start = merged(task.dense, selections);
  }
  return remove_from_layers(groups, task, [&](const Network&, size_t g) { return kept[g]; });
}

}  // namespace

Pruned prune_units(Calibration& calibration, const Recipe& recipe) {
  const Network& dense = calibration.network();
  prunable_layers(dense);  // throws when there is nothing to prune
  const std::vector<UnitGroup> groups = unit_groups(dense);
  Task task{dense, calibration.data(), recipe, {dense, calibration.data()}, movable(groups)};
  if (task.groups.empty()) {
    const UnitGroup& first = groups.front();
    throw InputError(fmt::format("no layer's units can be removed: '{}': {}",
                                 first.producers.front().layer.name, first.reason));
  }
  UnitChoice choice(calibration, recipe, task.groups, task.measured);
  if (solver_of(recipe.method).merges_units) {
    std::vector<at::Tensor> kept;
    for (size_t g = 0; g < task.groups.size(); ++g) kept.push_back(choice.kept(dense, g));
    return keep_only(groups, task, kept);
  }
  return remove_from_layers(
      groups, task, [&](const Network& network, size_t g) { return choice.kept(network, g); });
}

Pruned apply_units(const Decision& decision, const Recipe& recipe) {
  const Network& dense = decision.dense;
  const std::vector<at::Tensor>& kept = decision.kept;
  const std::vector<Layer> layers = unit_layers(dense);
  if (kept.size() != layers.size()) {
    throw InputError(
        fmt::format("the decision has units of {} layers; the network has {} before its head",
                    kept.size(), layers.size()));
  }
  std::vector<at::Tensor> stays;  // bool, of every layer's rows
  stays.reserve(layers.size());
  for (size_t l = 0; l < layers.size(); ++l) {
    const int64_t units = weight_of(dense, layers[l]).size(0);
    if (kept[l].numel() < 1 || kept[l].min().item<int64_t>() < 0 ||
        kept[l].max().item<int64_t>() >= units) {
      throw InputError(fmt::format("layer '{}' has {} units; wanted one or more of 0 to {} to keep",
                                   layers[l].name, units, units - 1));
    }
    stays.push_back(at::zeros({units}, at::TensorOptions(at::kBool)).index_fill_(0, kept[l], true));
  }
  const std::vector<UnitGroup> groups = unit_groups(dense);
  Task task{dense, decision.data, recipe, {dense, decision.data}, movable(groups)};
  std::vector<at::Tensor> accounted = stays;  // also true for removable units
  std::vector<at::Tensor> chosen;
  for (const UnitGroup& group : task.groups) {
    at::Tensor own;
    for (size_t l = 0; l < layers.size(); ++l) {
      const at::Tensor rows = rows_in(group, layers[l]);
      if (!rows.defined()) continue;
      const at::Tensor here = stays[l].index_select(0, rows.flatten()).view(rows.sizes());
      if (!own.defined()) own = here.select(1, 0);
      if (!here.eq(own.unsqueeze(1)).all().item<bool>()) {
        throw InputError(
            fmt::format("units of layer '{}' can only be removed together with those of the "
                        "layers it is joined with",
                        layers[l].name));
      }
      accounted[l] = accounted[l].index_fill(0, rows.flatten(), true);
    }
    chosen.push_back(own.nonzero().flatten());
  }
  for (const UnitGroup& group : groups) {
    for (size_t l = 0; l < layers.size(); ++l) {
      const bool whole = accounted[l].all().item<bool>();
      if (!whole && !group.reason.empty() && rows_in(group, layers[l]).defined()) {
        throw InputError(
            fmt::format("units of layer '{}' cannot be removed: {}", layers[l].name, group.reason));
      }
    }
  }
  return keep_only(groups, task, chosen);
}

}  // namespace ncprune
