#include "ncprune/prune/structured.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <stdexcept>

#include "ncprune/base/error.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/prune/batch_norm.h"
#include "ncprune/prune/head.h"
#include "ncprune/prune/layer_update.h"
#include "ncprune/prune/unit_search.h"

namespace ncprune {
namespace {

// The groups of one network, with what ranks their units.
struct Task {
  const Dataset& data;
  const PruneOptions& options;
  std::vector<UnitGroup> groups;
  std::vector<at::Tensor> scores;       // [m] per group, where the solver is "score"
  std::vector<at::Tensor> row_weights;  // of the group's consumer, [m']
};

int64_t units_of(const Network& network, const UnitGroup& group) {
  return weight_of(network, group.producer).size(0);
}

bool searches(const PruneOptions& options) {
  return options.method.solver != "score";
}

Task make_task(const Network& dense, const std::vector<UnitCoverage>& coverage,
               const Calibration& calibration, const PruneOptions& options) {
  const std::vector<Layer> layers = prunable_layers(dense);
  const std::vector<at::Tensor> scores = score_layers(dense, calibration.statistics, options);
  Task task{calibration.data, options, {}, {}, {}};
  for (size_t l = 0; l < coverage.size(); ++l) {
    if (coverage[l].group.empty()) continue;
    const UnitGroup& group = coverage[l].group.front();
    task.groups.push_back(group);
    task.scores.push_back(scores[l].mean(1));
    at::Tensor weights =
        at::ones({weight_of(dense, group.consumer).size(0)}, at::TensorOptions(at::kDouble));
    for (size_t i = 0; i < layers.size(); ++i) {
      const at::Tensor& measured = calibration.statistics[i].output_weight;
      if (layers[i].node == group.consumer.node && measured.defined()) weights = measured;
    }
    task.row_weights.push_back(weights);
  }
  return task;
}

LayerMoments moments_of(const NetworkPair& pair, const Layer& layer, const Dataset& data,
                        const MetricOptions& metric) {
  return measure_moments(pair, {layer}, data, metric).front();
}

// The units of group `g` in the order in which they leave, at least the first `count` of them.
Removal removal(const NetworkPair& pair, const Task& task, size_t g, int64_t count) {
  const PruneOptions& options = task.options;
  if (searches(options)) {
    const Layer& consumer = task.groups[g].consumer;
    const LayerProblem problem =
        LayerProblem::of(moments_of(pair, consumer, task.data, solver_metric(options)),
                         weight_of(pair.dense, consumer), options.metric.damping);
    return remove_inputs(problem, task.row_weights[g], {count, task.groups[g].width});
  }
  const auto [sorted, order] = task.scores[g].sort(/*stable=*/true, 0, /*descending=*/false);
  const at::Tensor values = sorted.contiguous();
  const auto indices = elements<int64_t>(order);
  const auto costs = elements<double>(values);
  return {{indices.begin(), indices.end()}, {costs.begin(), costs.end()}};
}

// How many units each group keeps so that the network's parameters or multiply-adds come down to
// their share: the units of all layers leave by what they cost for what they save, as measured on
// the dense network.
std::vector<int64_t> kept_by_budget(const Network& dense, const Task& task) {
  const PruneOptions& options = task.options;
  const auto measure = [&](const NetworkCost& c) {
    return static_cast<double>(options.budget == "macs" ? c.macs : c.parameters);
  };
  const std::vector<Layer> layers = linear_layers(dense);
  // What one weight of each layer costs.
  std::vector<double> price(layers.size(), 1);
  if (options.budget == "macs") {
    const std::vector<int64_t> rows = rows_per_sample(dense, layers);
    price.assign(rows.begin(), rows.end());
  }
  const auto price_of = [&](const Layer& layer) {
    const auto found = std::find_if(layers.begin(), layers.end(),
                                    [&](const Layer& l) { return l.node == layer.node; });
    return price[static_cast<size_t>(found - layers.begin())];
  };
  std::vector<int64_t> kept;
  struct Step {
    double price;
    size_t group;
  };
  std::vector<Step> steps;
  for (size_t g = 0; g < task.groups.size(); ++g) {
    const UnitGroup& group = task.groups[g];
    kept.push_back(units_of(dense, group));
    const Removal all = removal({dense, dense}, task, g, kept[g]);
    const double saved =
        price_of(group.producer) * static_cast<double>(weight_of(dense, group.producer).size(1)) +
        price_of(group.consumer) *
            static_cast<double>(weight_of(dense, group.consumer).size(0) * group.width);
    double dearest = -std::numeric_limits<double>::infinity();  // a later unit is never cheaper
    for (size_t i = 0; i + 1 < all.costs.size(); ++i) {
      dearest = std::max(dearest, all.costs[i] / saved);
      steps.push_back({dearest, g});
    }
  }
  std::stable_sort(steps.begin(), steps.end(),
                   [](const Step& a, const Step& b) { return a.price < b.price; });
  const double whole = measure(cost(dense));
  // A network of these widths, without making it.
  const auto size_of = [&] {
    double size = whole;
    for (size_t l = 0; l < layers.size(); ++l) {
      const Layer& layer = layers[l];
      const at::Tensor weight = weight_of(dense, layer);
      double out = static_cast<double>(weight.size(0));
      double in = static_cast<double>(weight.size(1));
      double vectors = 0;
      size -= out * in * price[l];
      for (size_t g = 0; g < task.groups.size(); ++g) {
        const UnitGroup& group = task.groups[g];
        if (group.consumer.node == layer.node) in = static_cast<double>(kept[g] * group.width);
        if (group.producer.node != layer.node) continue;
        const double gone = out - static_cast<double>(kept[g]);
        out = static_cast<double>(kept[g]);
        const size_t per_unit = group.vectors.size() + (layer.bias.empty() ? 0 : 1);
        if (options.budget == "parameters") vectors = gone * static_cast<double>(per_unit);
      }
      size += out * in * price[l] - vectors;
    }
    return size;
  };
  const double wanted = (1 - options.sparsity) * whole;
  for (const Step& step : steps) {
    if (size_of() <= wanted) break;
    --kept[step.group];
  }
  return kept;
}

std::vector<int64_t> kept_per_group(const Network& dense, const Task& task) {
  if (task.options.budget != "units") return kept_by_budget(dense, task);
  std::vector<int64_t> kept;
  for (const UnitGroup& group : task.groups) {
    const auto units = static_cast<double>(units_of(dense, group));
    kept.push_back(std::max<int64_t>(1, std::llround((1 - task.options.sparsity) * units)));
  }
  return kept;
}

// Zeroes the removed units of `network` and repairs the layer that reads them.
void apply(Network& network, const NetworkPair& pair, const UnitSelection& selection,
           const Task& task) {
  const PruneOptions& options = task.options;
  const Layer& consumer = selection.group.consumer;
  const Layer& producer = selection.group.producer;
  const at::Tensor rows = weight_of(network, producer);
  at::Tensor stays = at::zeros({rows.size(0)}, at::TensorOptions(at::kBool));
  stays.index_fill_(0, selection.kept, true);
  const at::Tensor weight = weight_of(pair.dense, consumer);
  const at::Tensor mask =
      stays.repeat_interleave(selection.group.width).unsqueeze(0).expand_as(weight).contiguous();
  const std::string& repair = options.method.repair;
  if (repair == "none" || (repair == "own" && !searches(options))) {
    set_weight(network, consumer, weight * mask);
  } else if (repair == "bias") {
    correct_bias(network, consumer, weight * mask, {pair.dense, task.data, options.metric});
  } else {
    const MetricOptions metric = repair == "own" ? solver_metric(options) : options.metric;
    const LayerMoments moments = moments_of(pair, consumer, task.data, metric);
    update_layer(network, consumer, {moments, mask, metric.damping});
  }
  set_weight(network, producer, rows * stays.unsqueeze(1));
  if (!producer.bias.empty()) set_bias(network, producer, bias_of(network, producer) * stays);
}

// See UnitsPruned::difference.
double difference(const Network& masked, const Network& smaller, const Dataset& data) {
  constexpr int64_t kCalibration = 2048;
  constexpr int64_t kRandom = 256;
  const at::Tensor known = data.inputs.slice(0, 0, kCalibration);
  Random random = Random(0).stream("random inputs");
  std::vector<int64_t> shape = known.sizes().vec();
  shape.front() = kRandom;
  const at::Tensor drawn = at::zeros(shape, known.options()).normal_(0, 1, random.generator());
  const at::Tensor inputs = at::cat({known, drawn});
  const at::Tensor wanted = logits(masked, inputs);
  const double scale = std::max(wanted.abs().max().item<double>(), 1e-30);
  return (logits(smaller, inputs) - wanted).abs().max().item<double>() / scale;
}

// Group by group, from the input to the output, removes all but the units `choose` names (int64,
// ascending) and repairs.
UnitsPruned remove_units(
    const Network& dense, const std::vector<UnitCoverage>& coverage, const Task& task,
    const std::function<at::Tensor(const NetworkPair&, size_t group)>& choose) {
  UnitsPruned result{dense, dense, {}, cost(dense), {}, 0};
  std::vector<UnitSelection> selections;
  for (size_t g = 0; g < task.groups.size(); ++g) {
    const Network before = result.masked;
    const NetworkPair pair{dense, before};
    selections.push_back({task.groups[g], choose(pair, g)});
    apply(result.masked, pair, selections.back(), task);
  }
  result.network = keep_units(result.masked, selections);
  result.difference = difference(result.masked, result.network, task.data);
  constexpr double kTolerance = 1e-5;
  if (!(result.difference <= kTolerance)) {
    throw std::logic_error(fmt::format("the smaller network differs from the masked one by {:.1e}",
                                       result.difference));
  }
  result.network = treat_batch_norm(result.network, task.options.batch_norm, task.data);
  result.network =
      treat_head({dense, result.network}, task.options.head, task.data, task.options.metric);
  result.after = cost(result.network);
  size_t next = 0;
  for (const UnitCoverage& c : coverage) {
    if (c.group.empty()) {
      const int64_t units = weight_of(dense, c.layer).size(0);
      result.layers.push_back({c.layer.name, units, at::arange(units), c.reason});
    } else {
      const UnitSelection& s = selections[next++];
      result.layers.push_back({c.layer.name, units_of(dense, s.group), s.kept, {}});
    }
  }
  return result;
}

}  // namespace

UnitsPruned prune_units(const Network& dense, const Calibration& calibration,
                        const PruneOptions& options) {
  require_valid_for_units(options);
  const at::NoGradGuard no_grad;
  const std::vector<UnitCoverage> coverage = unit_coverage(dense);
  const Task task = make_task(dense, coverage, calibration, options);
  if (task.groups.empty()) {
    throw InputError(coverage.empty()
                         ? "the network has no layer before its head"
                         : fmt::format("no layer's units can be removed: '{}': {}",
                                       coverage.front().layer.name, coverage.front().reason));
  }
  const std::vector<int64_t> kept = kept_per_group(dense, task);
  return remove_units(dense, coverage, task, [&](const NetworkPair& pair, size_t g) {
    const int64_t units = units_of(dense, task.groups[g]);
    const Removal gone = removal(pair, task, g, units - kept[g]);
    at::Tensor stays = at::ones({units}, at::TensorOptions(at::kBool));
    for (int64_t i = 0; i < units - kept[g]; ++i) stays[gone.order[static_cast<size_t>(i)]] = false;
    return stays.nonzero().flatten();
  });
}

UnitsPruned apply_units(const Network& dense, const std::vector<at::Tensor>& kept,
                        const Calibration& calibration, const PruneOptions& options) {
  require_valid_for_units(options);
  const at::NoGradGuard no_grad;
  const std::vector<UnitCoverage> coverage = unit_coverage(dense);
  if (kept.size() != coverage.size()) {
    throw InputError(fmt::format("units of {} layers for a network with {} before its head",
                                 kept.size(), coverage.size()));
  }
  Task task{calibration.data, options, {}, {}, {}};
  std::vector<at::Tensor> chosen;
  for (size_t l = 0; l < coverage.size(); ++l) {
    const int64_t units = weight_of(dense, coverage[l].layer).size(0);
    const bool whole = kept[l].numel() == units;
    if (kept[l].numel() < 1 || kept[l].min().item<int64_t>() < 0 ||
        kept[l].max().item<int64_t>() >= units) {
      throw InputError(fmt::format("layer '{}' has {} units; wanted some of 0 to {} to stay",
                                   coverage[l].layer.name, units, units - 1));
    }
    if (!whole && coverage[l].group.empty()) {
      throw InputError(fmt::format("units of layer '{}' cannot go: {}", coverage[l].layer.name,
                                   coverage[l].reason));
    }
    if (coverage[l].group.empty()) continue;
    task.groups.push_back(coverage[l].group.front());
    chosen.push_back(kept[l]);
  }
  return remove_units(dense, coverage, task,
                      [&](const NetworkPair&, size_t g) { return chosen[g]; });
}

}  // namespace ncprune
