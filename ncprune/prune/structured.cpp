#include "ncprune/prune/structured.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <stdexcept>

#include "ncprune/base/lookup.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/prune/repair.h"
#include "ncprune/prune/solver.h"
#include "ncprune/prune/unit_budget.h"
#include "ncprune/prune/unit_search.h"

namespace ncprune {
namespace {

// The groups of one network whose units can go, with what ranks them.
struct Task {
  const Network& dense;
  const Dataset& data;
  const PruneOptions& options;
  LayerwiseMoments measured;
  std::vector<UnitGroup> groups;
  std::vector<at::Tensor> scores;       // [u] per group, where units are still to be chosen
  std::vector<Layer> layers;            // weight_layers()
  std::vector<at::Tensor> row_weights;  // of every layer, [m]
};

bool searches(const PruneOptions& options) {
  return solver_of(options.method) != nullptr;
}

size_t index_of(const std::vector<Layer>& layers, const Layer& layer) {
  const auto found = std::find_if(layers.begin(), layers.end(),
                                  [&](const Layer& l) { return l.node == layer.node; });
  return static_cast<size_t>(found - layers.begin());
}

// The mean over all rows that a unit has in the layers that make it. [u].
at::Tensor unit_scores(const UnitGroup& group, const std::vector<Layer>& layers,
                       const std::vector<at::Tensor>& scores) {
  at::Tensor sum = at::zeros({group.units}, at::TensorOptions(at::kDouble));
  for (const UnitEntries& producer : group.producers) {
    const at::Tensor rows = scores.at(index_of(layers, producer.layer)).mean(1);
    sum += rows.index_select(0, producer.index.flatten()).view(producer.index.sizes()).mean(1);
  }
  return sum / static_cast<double>(group.producers.size());
}

Task make_task(const Network& dense, const std::vector<UnitGroup>& groups,
               const Calibration& calibration, const PruneOptions& options) {
  Task task{dense, calibration.data,     options, {dense, calibration.data}, {},
            {},    weight_layers(dense), {}};
  for (size_t l = 0; l < task.layers.size(); ++l) {
    // The last is the head, which no statistic describes.
    const bool described = l < calibration.statistics.size();
    task.row_weights.push_back(
        row_weights(options.method, described ? calibration.statistics[l] : LayerStatistics{},
                    weight_of(dense, task.layers[l]).size(0)));
  }
  for (const UnitGroup& group : groups) {
    if (!group.reason.empty()) continue;
    task.groups.push_back(group);
  }
  return task;
}

std::vector<Layer> readers_of(const UnitGroup& group) {
  std::vector<Layer> layers;
  layers.reserve(group.consumers.size());
  for (const UnitEntries& consumer : group.consumers) layers.push_back(consumer.layer);
  return layers;
}

// Of each layer in `network`, in which others may have lost inputs; empty where the method does not
// search.
std::vector<LayerMoments> moments_of(const Network& network, const std::vector<Layer>& layers,
                                     Task& task) {
  if (!searches(task.options)) return std::vector<LayerMoments>(layers.size());
  return task.measured.moments(network, layers, solver_metric(task.options));
}

// The units of group `g` in the order in which they leave, at least the first `count` of them;
// `moments` are those of its readers.
Removal removal(const Task& task, size_t g, const std::vector<LayerMoments>& moments,
                int64_t count) {
  if (!searches(task.options)) {
    const auto [sorted, order] = task.scores[g].sort(/*stable=*/true, 0, /*descending=*/false);
    const at::Tensor values = sorted.contiguous();
    const auto indices = elements<int64_t>(order);
    const auto costs = elements<double>(values);
    return {{indices.begin(), indices.end()}, {costs.begin(), costs.end()}};
  }
  const std::vector<UnitEntries>& consumers = task.groups[g].consumers;
  std::vector<UnitReader> readers;
  readers.reserve(consumers.size());
  for (size_t i = 0; i < consumers.size(); ++i) {
    const Layer& layer = consumers[i].layer;
    readers.push_back(
        {LayerProblem::of(moments[i], weight_of(task.dense, layer), task.options.metric.damping),
         task.row_weights[index_of(task.layers, layer)], consumers[i].index});
  }
  return remove_units(readers, count);
}

// What the units of every group cost, measured on the dense network: in one pass for as many groups
// as have moments of half a gigabyte.
std::vector<std::vector<double>> costs_in_dense(Task& task) {
  constexpr int64_t kMostElements = int64_t{1} << 26;
  std::vector<std::vector<double>> costs;
  costs.reserve(task.groups.size());
  while (costs.size() < task.groups.size()) {
    size_t end = costs.size();
    std::vector<Layer> layers;
    for (int64_t held = 0; end < task.groups.size() && held < kMostElements; ++end) {
      for (const Layer& layer : readers_of(task.groups[end])) {
        if (index_of(layers, layer) < layers.size()) continue;
        const int64_t inputs = weight_of(task.dense, layer).size(1);
        held += inputs * inputs;
        layers.push_back(layer);
      }
    }
    const std::vector<LayerMoments> moments = moments_of(task.dense, layers, task);
    for (size_t g = costs.size(); g < end; ++g) {
      std::vector<LayerMoments> own;
      for (const Layer& layer : readers_of(task.groups[g])) {
        own.push_back(moments[index_of(layers, layer)]);
      }
      costs.push_back(removal(task, g, own, task.groups[g].units).costs);
    }
  }
  return costs;
}

std::vector<int64_t> kept_per_group(Task& task) {
  const int64_t multiple = task.options.round_to;
  if (task.options.budget != "units") {
    return kept_within(task.dense, {task.groups, costs_in_dense(task)},
                       {task.options.budget == "macs", task.options.sparsity, multiple});
  }
  std::vector<int64_t> kept;
  for (const UnitGroup& group : task.groups) {
    const double wanted = (1 - task.options.sparsity) * static_cast<double>(group.units);
    const int64_t packs = std::llround(wanted / static_cast<double>(multiple));
    kept.push_back(std::min(group.units, multiple * std::max<int64_t>(1, packs)));
  }
  return kept;
}

// The inputs of a layer that stay, bool [d].
struct LayerInputs {
  const Layer& layer;
  at::Tensor stay;
};

// Zeroes the weights of the other inputs in `network`, and repairs the layer.
void mask_inputs(Network& network, const LayerInputs& inputs, Task& task) {
  const Layer& layer = inputs.layer;
  const PruneOptions& options = task.options;
  const at::Tensor weight = weight_of(task.dense, layer);
  const at::Tensor mask = inputs.stay.unsqueeze(0).expand_as(weight).contiguous();
  const Repair& repair = find_named(repairs(), options.method.repair, "repair");
  const MetricOptions metric = repair.of_search ? solver_metric(options) : options.metric;
  const auto moments = [&] { return task.measured.moments(network, layer, metric); };
  repair.apply(network, {layer,
                         weight,
                         mask,
                         moments,
                         {task.measured, options.metric},
                         metric.damping,
                         searches(options)});
}

// Zeroes what the removed units are made of, now that nothing reads them.
void zero_producers(Network& network, const UnitGroup& group, const at::Tensor& removed) {
  for (const UnitEntries& producer : group.producers) {
    const Layer& layer = producer.layer;
    const at::Tensor rows = producer.index.index_select(0, removed).flatten();
    set_weight(network, layer, weight_of(network, layer).index_fill(0, rows, 0));
    if (layer.bias.empty()) continue;
    set_bias(network, layer, bias_of(network, layer).index_fill(0, rows, 0));
  }
}

// The rows [u, w] that the group's units have in the layer; undefined: none.
at::Tensor rows_in(const UnitGroup& group, const Layer& layer) {
  for (const UnitEntries& producer : group.producers) {
    if (producer.layer.node == layer.node) return producer.index;
  }
  return {};
}

at::Tensor all_but(int64_t count, const at::Tensor& some) {
  at::Tensor rest = at::ones({count}, at::TensorOptions(at::kBool));
  return rest.index_fill_(0, some, false).nonzero().flatten();
}

// See UnitsPruned::difference.
double difference(const Network& masked, const Network& smaller, const Dataset& data) {
  const int64_t drawn = std::min<int64_t>(256, batch_size(masked));  // fewer of large images
  const at::Tensor known = data.inputs.slice(0, 0, 8 * drawn);
  Random random = Random(0).stream("random inputs");
  std::vector<int64_t> shape = known.sizes().vec();
  shape.front() = drawn;
  const at::Tensor noise = at::zeros(shape, known.options()).normal_(0, 1, random.generator());
  const at::Tensor inputs = at::cat({known, noise});
  const at::Tensor wanted = logits(masked, inputs);
  const double scale = std::max(wanted.abs().max().item<double>(), 1e-30);
  return (logits(smaller, inputs) - wanted).abs().max().item<double>() / scale;
}

// What every layer but the head keeps.
std::vector<LayerUnits> layers_of(const Network& dense, const std::vector<UnitGroup>& groups,
                                  const Task& task, const std::vector<at::Tensor>& removed) {
  std::vector<LayerUnits> result;
  for (const Layer& layer : unit_layers(dense)) {
    const int64_t units = weight_of(dense, layer).size(0);
    LayerUnits own{layer.name, units, at::arange(units), {}};
    for (const UnitGroup& group : groups) {
      const auto made = rows_in(group, layer);
      if (made.defined() && !group.reason.empty()) own.reason = group.reason;
    }
    std::vector<at::Tensor> gone;
    for (size_t g = 0; g < task.groups.size(); ++g) {
      const at::Tensor rows = rows_in(task.groups[g], layer);
      if (rows.defined()) gone.push_back(rows.index_select(0, removed[g]).flatten());
    }
    if (!gone.empty()) {
      own.kept = all_but(units, at::cat(gone));
      own.reason.clear();
    }
    result.push_back(std::move(own));
  }
  return result;
}

// Layer by layer, from the input to the output, takes from it the units of the groups it reads, all
// but those `choose` names (int64, ascending; asked once for every group), and repairs it.
UnitsPruned remove_from_layers(
    const std::vector<UnitGroup>& groups, Task& task,
    const std::function<at::Tensor(const Network&, size_t group)>& choose) {
  const Network& dense = task.dense;
  const Finish finish = finish_of(task.options, dense, task.data);
  UnitsPruned result{dense, dense, {}, cost(dense), {}, 0, finish};
  std::vector<at::Tensor> removed(task.groups.size());
  for (const Layer& layer : task.layers) {
    at::Tensor inputs = at::ones({weight_of(dense, layer).size(1)}, at::TensorOptions(at::kBool));
    for (size_t g = 0; g < task.groups.size(); ++g) {
      const UnitGroup& group = task.groups[g];
      for (const UnitEntries& consumer : group.consumers) {
        if (consumer.layer.node != layer.node) continue;
        if (!removed[g].defined()) removed[g] = all_but(group.units, choose(result.masked, g));
        inputs.index_fill_(0, consumer.index.index_select(0, removed[g]).flatten(), false);
      }
    }
    if (!inputs.all().item<bool>()) mask_inputs(result.masked, {layer, inputs}, task);
  }
  std::vector<UnitSelection> selections;
  selections.reserve(task.groups.size());
  for (size_t g = 0; g < task.groups.size(); ++g) {
    zero_producers(result.masked, task.groups[g], removed[g]);
    selections.push_back({task.groups[g], all_but(task.groups[g].units, removed[g])});
  }
  result.network = keep_units(result.masked, selections);
  result.difference = difference(result.masked, result.network, task.data);
  constexpr double kTolerance = 1e-5;
  if (!(result.difference <= kTolerance)) {
    throw std::logic_error(fmt::format("the smaller network differs from the masked one by {:.1e}",
                                       result.difference));
  }
  result.network = finished({dense, result.network}, result.finish, task.data, task.options.metric);
  result.after = cost(result.network);
  result.layers = layers_of(dense, groups, task, removed);
  return result;
}

}  // namespace

UnitsPruned prune_units(const Network& dense, const Calibration& calibration,
                        const PruneOptions& options) {
  require_valid_for_units(options);
  const at::NoGradGuard no_grad;
  prunable_layers(dense);  // throws when there is nothing to prune
  const std::vector<UnitGroup> groups = unit_groups(dense);
  Task task = make_task(dense, groups, calibration, options);
  const std::vector<at::Tensor> scores = score_layers(dense, calibration.statistics, options);
  task.scores.reserve(task.groups.size());
  for (const UnitGroup& group : task.groups) {
    task.scores.push_back(unit_scores(group, task.layers, scores));
  }
  if (task.groups.empty()) {
    const UnitGroup& first = groups.front();
    throw InputError(fmt::format("no layer's units can be removed: '{}': {}",
                                 first.producers.front().layer.name, first.reason));
  }
  const std::vector<int64_t> kept = kept_per_group(task);
  return remove_from_layers(groups, task, [&](const Network& network, size_t g) {
    const int64_t count = task.groups[g].units - kept[g];
    const auto moments = moments_of(network, readers_of(task.groups[g]), task);
    std::vector<int64_t> order = removal(task, g, moments, count).order;
    order.resize(static_cast<size_t>(count));
    return all_but(task.groups[g].units, at::tensor(order, at::TensorOptions(at::kLong)));
  });
}

UnitsPruned apply_units(const Network& dense, const std::vector<at::Tensor>& kept,
                        const Calibration& calibration, const PruneOptions& options) {
  require_valid_for_units(options);
  const at::NoGradGuard no_grad;
  const std::vector<Layer> layers = unit_layers(dense);
  if (kept.size() != layers.size()) {
    throw InputError(fmt::format("units of {} layers for a network with {} before its head",
                                 kept.size(), layers.size()));
  }
  std::vector<at::Tensor> stays;  // bool, of every layer's rows
  stays.reserve(layers.size());
  for (size_t l = 0; l < layers.size(); ++l) {
    const int64_t units = weight_of(dense, layers[l]).size(0);
    if (kept[l].numel() < 1 || kept[l].min().item<int64_t>() < 0 ||
        kept[l].max().item<int64_t>() >= units) {
      throw InputError(fmt::format("layer '{}' has {} units; wanted some of 0 to {} to stay",
                                   layers[l].name, units, units - 1));
    }
    stays.push_back(at::zeros({units}, at::TensorOptions(at::kBool)).index_fill_(0, kept[l], true));
  }
  const std::vector<UnitGroup> groups = unit_groups(dense);
  Task task = make_task(dense, groups, calibration, options);
  std::vector<at::Tensor> accounted = stays;  // true too where a removable unit goes
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
            fmt::format("units of layer '{}' cannot go without those of the layers it "
                        "is joined with",
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
            fmt::format("units of layer '{}' cannot go: {}", layers[l].name, group.reason));
      }
    }
  }
  return remove_from_layers(groups, task, [&](const Network&, size_t g) { return chosen[g]; });
}

}  // namespace ncprune
