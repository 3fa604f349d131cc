#include "ncprune/prune/weight_pruning.h"

#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <utility>

#include "ncprune/base/choices.h"
#include "ncprune/base/lookup.h"
#include "ncprune/prune/allocation.h"
#include "ncprune/prune/layer_update.h"
#include "ncprune/prune/live_rows.h"
#include "ncprune/prune/parts.h"
#include "ncprune/prune/pattern.h"
#include "ncprune/prune/sparsity.h"

namespace ncprune {
namespace {

struct PruneContext {
  const Network& dense;
  const Dataset& data;
  const Recipe& recipe;
  LayerwiseMoments& measured;
};

// The input for masking one layer.
struct LayerTask {
  const Layer& layer;
  at::Tensor scores;       // [m, d]
  at::Tensor row_weights;  // [m]
  int64_t keep;
  at::Tensor live = {};  // bool [m]: rows that may keep weights; undefined: all
};

// A mask, and the moments of the layer in the metric of repairs if the choice measured them.
struct ChosenMask {
  at::Tensor mask;
  std::optional<LayerMoments> measured = {};
};

// Masks the layer of `network`, whose earlier layers are pruned, and repairs it by the method.
void mask_layer(Network& network, const Layer& layer, const PruneContext& context,
                const ChosenMask& chosen) {
  const MetricOptions metric = repair_metric_of(context.recipe.method, context.recipe.metric);
  const auto moments = [&] {
    return chosen.measured ? *chosen.measured : context.measured.moments(network, layer, metric);
  };
  repair_of(context.recipe.method)
      .apply(network, {context.dense,
                       context.data,
                       layer,
                       weight_of(context.dense, layer),
                       chosen.mask,
                       moments,
                       {context.measured, metric},
                       metric.damping});
}

// The solver's choice among the rows that may keep weights.
LayerSolution solved(const LayerTask& task, const LayerProblem& problem, const at::Tensor& weight,
                     const Method& method) {
  const auto solve = solver_of(method).solve;
  const Pattern pattern = find_pattern(method.pattern);
  if (!task.live.defined()) {
    return solve({problem, weight.to(at::kDouble), pattern, task.keep, task.row_weights});
  }
  const at::Tensor own = task.live.nonzero().flatten();
  const auto rows = [&](const at::Tensor& whole) { return whole.index_select(0, own); };
  const LayerProblem smaller{problem.metric, rows(problem.cross)};
  const LayerSolution found =
      solve({smaller, rows(weight).to(at::kDouble), pattern,
             std::min(task.keep, smaller.cross.numel()), rows(task.row_weights)});
  return {at::zeros(weight.sizes(), found.weight.options()).index_copy(0, own, found.weight),
          at::zeros(weight.sizes(), found.mask.options()).index_copy(0, own, found.mask)};
}

// Chooses the mask of one layer by its scores or by the solver, applies it and returns it.
at::Tensor prune_layer(Network& network, const LayerTask& task, const PruneContext& context) {
  const Recipe& recipe = context.recipe;
  const Method& method = recipe.method;
  if (solver_of(method).solve == nullptr || task.keep >= task.scores.numel()) {
    at::Tensor mask = find_pattern(method.pattern).mask(task.scores, task.keep);
    mask_layer(network, task.layer, context, {mask});
    return mask;
  }
  const MetricOptions metric = search_metric_of(method).of(recipe.metric);
  LayerMoments moments = context.measured.moments(network, task.layer, metric);
  const at::Tensor weight = weight_of(context.dense, task.layer);
  const LayerProblem problem = LayerProblem::of(moments, weight, recipe.metric.damping);
  const LayerSolution solution = solved(task, problem, weight, method);
  const bool one_metric = metric == repair_metric_of(method, recipe.metric);
  const bool repaired = one_metric && repair_of(method).exact && solver_of(method).exact;
  if (repaired || repair_of(method).of_search) {
    set_layer(network, task.layer, solution.weight, moments);
  } else if (one_metric) {
    mask_layer(network, task.layer, context, {solution.mask, std::move(moments)});
  } else {
    mask_layer(network, task.layer, context, {solution.mask});
  }
  return solution.mask;
}

// The number of weights that each layer keeps.
std::vector<int64_t> counts_to_keep(const std::vector<Layer>& layers,
                                    const std::vector<at::Tensor>& scores, const Recipe& recipe) {
  std::vector<LayerScores> scored;
  int64_t total = 0;
  for (size_t l = 0; l < layers.size(); ++l) {
    const std::vector<int64_t> stored = as_stored(layers[l], scores[l]).sizes().vec();
    scored.push_back({scores[l], std::accumulate(stored.begin(), stored.end(), int64_t{0})});
    total += scores[l].numel();
  }
  const int64_t keep = std::llround((1 - share_of(recipe)) * static_cast<double>(total));
  return find_named(allocations(), recipe.method.allocation, "allocation").kept(scored, keep);
}

Pruned result_of(Network network, const Recipe& recipe, std::vector<at::Tensor> masks) {
  Pruned result{std::move(network), recipe, std::move(masks), {}, 0};
  const std::vector<Layer> layers = prunable_layers(result.network);
  std::vector<LayerSparsity> counts;
  for (size_t l = 0; l < layers.size(); ++l) {
    const at::Tensor& mask = result.kept[l];
    add_sparsity(counts, layers[l], mask.numel(), mask.sum().item<int64_t>());
  }
  for (const LayerSparsity& c : counts) result.layers.push_back({c.name, c.weights, c.kept, {}});
  result.removed = sparsity(counts);
  return result;
}

// Another sweep over the pruned `network`: from the first layer with wasted weights on, layers with
// such weights are searched again among the rows that count, and the others are repaired again for
// their new inputs. Returns whether there was enough to gain; otherwise nothing changes.
bool spend_again(Network& network, std::vector<at::Tensor>& masks,
                 const std::vector<LayerTask>& tasks, const PruneContext& context) {
  constexpr double kBearable = 0.01;
  std::vector<Layer> layers;
  layers.reserve(tasks.size());
  for (const LayerTask& task : tasks) layers.push_back(task.layer);
  const std::vector<at::Tensor> live = live_rows(network, layers, context.data);
  if (wasted_share(masks, live) < kBearable) return false;
  std::set<std::string> wasting;  // weights; groups of a convolution share one
  for (size_t l = 0; l < layers.size(); ++l) {
    const bool any_live = live[l].any().item<bool>();
    if (any_live && wasted_share({masks[l]}, {live[l]}) > 0) wasting.insert(layers[l].weight);
  }
  Network next = context.dense;
  LayerwiseMoments measured(context.dense, context.data);
  const PruneContext again{context.dense, context.data, context.recipe, measured};
  bool changed = false;
  for (size_t l = 0; l < tasks.size(); ++l) {
    if (wasting.contains(layers[l].weight)) {
      LayerTask task = tasks[l];
      if (live[l].any().item<bool>()) task.live = live[l];
      masks[l] = prune_layer(next, task, again);
      changed = true;
    } else if (changed) {
      mask_layer(next, layers[l], again, {masks[l]});
    } else {
      for (const std::string& name : {layers[l].weight, layers[l].bias, layers[l].norm_mean}) {
        if (!name.empty()) next.initializers[name] = network.initializers.at(name);
      }
    }
  }
  network = std::move(next);
  return true;
}

// Prunes in one shot: takes the scores of `scored` and the counts per layer, then masks and repairs
// the dense network from the input to the output.
Pruned prune_once(const Network& dense, Calibration& scored, const Recipe& recipe) {
  const std::vector<Layer> layers = prunable_layers(dense);
  const std::vector<at::Tensor>& scores = scored.scores(recipe);
  const std::vector<at::Tensor>& row_weights = scored.row_weights(recipe);
  const std::vector<int64_t> kept = counts_to_keep(layers, scores, recipe);
  std::vector<LayerTask> tasks;
  for (size_t l = 0; l < layers.size(); ++l) {
    tasks.push_back({layers[l], scores[l], row_weights[l], kept[l]});
  }
  Network network = dense;
  std::vector<at::Tensor> masks;
  masks.reserve(layers.size());
  LayerwiseMoments measured(dense, scored.data());
  const PruneContext context{dense, scored.data(), recipe, measured};
  for (const LayerTask& task : tasks) masks.push_back(prune_layer(network, task, context));
  for (int64_t sweep = 1; sweep < recipe.method.sweeps; ++sweep) {
    if (!spend_again(network, masks, tasks, context)) break;
  }
  return result_of(std::move(network), recipe, std::move(masks));
}

void require_fits(const std::vector<at::Tensor>& masks, const Network& network,
                  const std::vector<Layer>& layers) {
  if (masks.size() != layers.size()) {
    throw InputError(fmt::format("{} masks for {} prunable layers", masks.size(), layers.size()));
  }
  for (size_t l = 0; l < layers.size(); ++l) {
    const at::Tensor weight = weight_of(network, layers[l]);
    if (masks[l].sizes() == weight.sizes()) continue;
    throw InputError(fmt::format("layer '{}' has {} weights, its mask {}", layers[l].name,
                                 weight.numel(), masks[l].numel()));
  }
}

}  // namespace

Pruned prune_weights(Calibration& calibration, const Recipe& recipe) {
  const int64_t rounds = recipe.method.rounds;
  const Network& dense = calibration.network();
  Recipe step = recipe;
  step.method.repair = Method{}.repair;
  std::optional<Calibration> rescored;  // the network of the round before
  for (int64_t round = 1; round < rounds; ++round) {
    const double done = static_cast<double>(round) / static_cast<double>(rounds);
    step.share = 1 - std::pow(1 - share_of(recipe), done);
    Network masked = prune_once(dense, rescored ? *rescored : calibration, step).network;
    rescored.emplace(std::move(masked), calibration.data());
  }
  return prune_once(dense, rescored ? *rescored : calibration, recipe);
}

Pruned apply_masks(const Decision& decision, const Recipe& recipe) {
  if (repair_of(recipe.method).of_search) {
    throw InputError(fmt::format("repair '{}' needs a solver's masks; wanted {}",
                                 recipe.method.repair, choices(repairs_of_given_masks())));
  }
  const std::vector<Layer> layers = prunable_layers(decision.dense);
  require_fits(decision.kept, decision.dense, layers);
  Network network = decision.dense;
  LayerwiseMoments measured(decision.dense, decision.data);
  for (size_t l = 0; l < layers.size(); ++l) {
    mask_layer(network, layers[l], {decision.dense, decision.data, recipe, measured},
               {decision.kept[l]});
  }
  return result_of(std::move(network), recipe, decision.kept);
}

}  // namespace ncprune
