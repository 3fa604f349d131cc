#include "ncprune/prune/weight_pruning.h"

#include <fmt/format.h>

#include <cmath>
#include <numeric>
#include <utility>

#include "ncprune/base/choices.h"
#include "ncprune/base/lookup.h"
#include "ncprune/prune/allocation.h"
#include "ncprune/prune/layer_update.h"
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
  const at::Tensor& scores;
  const at::Tensor& row_weights;
  int64_t keep;
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

// Chooses the mask of one layer by its scores or by the solver, applies it and returns it.
at::Tensor prune_layer(Network& network, const LayerTask& task, const PruneContext& context) {
  const Recipe& recipe = context.recipe;
  const Method& method = recipe.method;
  const Pattern pattern = find_pattern(method.pattern);
  const auto solve = solver_of(method).solve;
  if (solve == nullptr || task.keep >= task.scores.numel()) {
    at::Tensor mask = pattern.mask(task.scores, task.keep);
    mask_layer(network, task.layer, context, {mask});
    return mask;
  }
  const MetricOptions metric = search_metric_of(method).of(recipe.metric);
  LayerMoments moments = context.measured.moments(network, task.layer, metric);
  const at::Tensor weight = weight_of(context.dense, task.layer);
  const LayerProblem problem = LayerProblem::of(moments, weight, recipe.metric.damping);
  const LayerSolution solution =
      solve({problem, weight.to(at::kDouble), pattern, task.keep, task.row_weights});
  if (repair_of(method).of_search) {
    set_layer(network, task.layer, solution.weight, moments);
  } else if (metric == repair_metric_of(method, recipe.metric)) {
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

// Prunes in one shot: takes the scores of `scored` and the counts per layer, then masks and repairs
// the dense network from the input to the output.
Pruned prune_once(const Network& dense, Calibration& scored, const Recipe& recipe) {
  const std::vector<Layer> layers = prunable_layers(dense);
  const std::vector<at::Tensor>& scores = scored.scores(recipe);
  const std::vector<at::Tensor>& row_weights = scored.row_weights(recipe);
  const std::vector<int64_t> kept = counts_to_keep(layers, scores, recipe);
  Network network = dense;
  std::vector<at::Tensor> masks;
  LayerwiseMoments measured(dense, scored.data());
  for (size_t l = 0; l < layers.size(); ++l) {
    masks.push_back(prune_layer(network, {layers[l], scores[l], row_weights[l], kept[l]},
                                {dense, scored.data(), recipe, measured}));
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
