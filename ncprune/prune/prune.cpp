#include "ncprune/prune/prune.h"

#include <fmt/format.h>

#include <cmath>
#include <numeric>
#include <optional>

#include "ncprune/base/lookup.h"
#include "ncprune/prune/allocation.h"
#include "ncprune/prune/layer_update.h"
#include "ncprune/prune/repair.h"
#include "ncprune/prune/solver.h"

namespace ncprune {
namespace {

struct PruneContext {
  const Network& dense;
  const PruneOptions& options;
  LayerwiseMoments& measured;
};

// What one layer is to become.
struct LayerTask {
  const Layer& layer;
  const at::Tensor& scores;
  const LayerStatistics& statistics;
  bool untouched;  // nothing before the layer was changed
  int64_t keep;
};

LayerSolution solve_layer(const LayerTask& task, const at::Tensor& weight,
                          const LayerMoments& moments, const PruneOptions& options) {
  const Pattern pattern = find_pattern(options.method.pattern);
  const LayerProblem problem = LayerProblem::of(moments, weight, options.metric.damping);
  const at::Tensor weight_double = weight.to(at::kDouble);
  return solver_of(options.method)
      ->solve({problem, weight_double, pattern, task.keep,
               row_weights(options.method, task.statistics, weight.size(0))});
}

// The moments of the task's layer, on the activations `network` has now.
LayerMoments measure(const Network& network, const LayerTask& task, const PruneContext& context,
                     const MetricOptions& metric) {
  const bool known = task.untouched && task.statistics.moments.metric.defined();
  if (known && metric == context.options.metric) return task.statistics.moments;
  return context.measured.moments(network, task.layer, metric);
}

// A mask and, if they were measured for it, the moments of the layer in the metric of repairs.
struct ChosenMask {
  at::Tensor mask;
  std::optional<LayerMoments> measured = {};
};

// Masks the task's layer of `network`, whose earlier layers are done, and repairs it as the method
// says.
void mask_layer(Network& network, const LayerTask& task, const PruneContext& context,
                const ChosenMask& chosen) {
  const PruneOptions& options = context.options;
  const auto moments = [&] {
    return chosen.measured ? *chosen.measured : measure(network, task, context, options.metric);
  };
  find_named(repairs(), options.method.repair, "repair")
      .apply(network, {task.layer,
                       weight_of(context.dense, task.layer),
                       chosen.mask,
                       moments,
                       {context.measured, options.metric},
                       options.metric.damping});
}

// Chooses the mask of one layer by its scores or by the solver, and carries it out. Gives the mask.
at::Tensor prune_layer(Network& network, const LayerTask& task, const PruneContext& context) {
  const Method& method = context.options.method;
  if (solver_of(method) == nullptr || task.keep >= task.scores.numel()) {
    at::Tensor mask = find_pattern(method.pattern).mask(task.scores, task.keep);
    mask_layer(network, task, context, {mask});
    return mask;
  }
  const MetricOptions metric = solver_metric(context.options);
  LayerMoments moments = measure(network, task, context, metric);
  const LayerSolution solution =
      solve_layer(task, weight_of(context.dense, task.layer), moments, context.options);
  if (find_named(repairs(), method.repair, "repair").of_search) {
    set_layer(network, task.layer, solution.weight, moments);
  } else if (metric == context.options.metric) {
    mask_layer(network, task, context, {solution.mask, std::move(moments)});
  } else {
    mask_layer(network, task, context, {solution.mask});
  }
  return solution.mask;
}

void add_layer(Pruned& result, const Layer& layer, const at::Tensor& mask) {
  result.masks.push_back(mask);
  add_sparsity(result.layers, layer, mask.numel(), mask.sum().item<int64_t>());
  result.sparsity = sparsity(result.layers);
}

// How many weights each layer keeps.
std::vector<int64_t> counts_to_keep(const std::vector<Layer>& layers,
                                    const std::vector<at::Tensor>& scores,
                                    const PruneOptions& options) {
  std::vector<LayerScores> scored;
  int64_t total = 0;
  for (size_t l = 0; l < layers.size(); ++l) {
    const std::vector<int64_t> stored = as_stored(layers[l], scores[l]).sizes().vec();
    scored.push_back({scores[l], std::accumulate(stored.begin(), stored.end(), int64_t{0})});
    total += scores[l].numel();
  }
  const int64_t keep = std::llround((1 - options.sparsity) * static_cast<double>(total));
  return find_named(allocations(), options.method.allocation, "allocation").kept(scored, keep);
}

// One shot: scores of `scored`, whose statistics `calibration` holds, counts per layer, then from
// the input to the output mask and repair of the dense network.
Pruned prune_once(const Network& dense, const Network& scored, const Calibration& calibration,
                  const PruneOptions& options) {
  const std::vector<Layer> layers = prunable_layers(dense);
  const std::vector<at::Tensor> scores = score_layers(scored, calibration.statistics, options);
  const std::vector<int64_t> kept = counts_to_keep(layers, scores, options);
  Pruned result{dense, {}, {}, 0};
  LayerwiseMoments measured(dense, calibration.data);
  for (size_t l = 0; l < layers.size(); ++l) {
    const at::Tensor mask = prune_layer(
        result.network, {layers[l], scores[l], calibration.statistics[l], l == 0, kept[l]},
        {dense, options, measured});
    add_layer(result, layers[l], mask);
  }
  return result;
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

Pruned prune(const Network& dense, const Calibration& calibration, const PruneOptions& options) {
  require_valid(options);
  const at::NoGradGuard no_grad;
  const Finish finish = finish_of(options, dense, calibration.data);
  const int64_t rounds = options.method.rounds;
  Pruned result{dense, {}, {}, 0};
  std::vector<LayerStatistics> rescored;
  for (int64_t round = 1; round <= rounds; ++round) {
    PruneOptions step = options;
    const double done = static_cast<double>(round) / static_cast<double>(rounds);
    step.sparsity = 1 - std::pow(1 - options.sparsity, done);
    if (round < rounds) step.method.repair = "none";
    if (round > 1) {
      rescored = measure_for({step.method}, result.network, calibration.data, options.metric);
    }
    result = prune_once(dense, result.network,
                        {calibration.data, round > 1 ? rescored : calibration.statistics}, step);
  }
  result.finish = finish;
  result.network = finished({dense, result.network}, finish, calibration.data, options.metric);
  return result;
}

Pruned apply_masks(const Network& dense, const std::vector<at::Tensor>& masks,
                   const Calibration& calibration, const PruneOptions& options) {
  require_valid(options);
  if (find_named(repairs(), options.method.repair, "repair").of_search) {
    throw InputError(
        "the repair 'own' belongs to a solver; given masks take none, bias or least-squares");
  }
  const at::NoGradGuard no_grad;
  const std::vector<Layer> layers = prunable_layers(dense);
  require_fits(masks, dense, layers);
  const Finish finish = finish_of(options, dense, calibration.data);
  Pruned result{dense, {}, {}, 0};
  LayerwiseMoments measured(dense, calibration.data);
  for (size_t l = 0; l < layers.size(); ++l) {
    mask_layer(result.network, {layers[l], {}, calibration.statistics[l], l == 0, 0},
               {dense, options, measured}, {masks[l]});
    add_layer(result, layers[l], masks[l]);
  }
  result.finish = finish;
  result.network = finished({dense, result.network}, finish, calibration.data, options.metric);
  return result;
}

}  // namespace ncprune
