#include "ncprune/prune/prune.h"

#include <fmt/format.h>

#include <cmath>

#include "ncprune/base/lookup.h"
#include "ncprune/criteria/criterion.h"
#include "ncprune/prune/allocation.h"
#include "ncprune/prune/head.h"
#include "ncprune/prune/layer_update.h"

namespace ncprune {
namespace {

struct PruneContext {
  const Dataset& data;
  const PruneOptions& options;
};

std::vector<at::Tensor> score_layers(const Network& dense, const std::vector<Layer>& layers,
                                     const std::vector<LayerStatistics>& statistics,
                                     const PruneOptions& options) {
  const Criterion& criterion = find_named(criteria(), options.method.criterion, "criterion");
  const Random random = Random(options.seed).stream("criterion");
  std::vector<at::Tensor> scores;
  for (size_t l = 0; l < layers.size(); ++l) {
    Random own = random.stream(layers[l].name);
    scores.push_back(
        criterion.score({weight_of(dense, layers[l]).to(at::kDouble), statistics[l], own}));
  }
  return scores;
}

// What one layer is to become.
struct LayerTask {
  const Layer& layer;
  const at::Tensor& scores;
  const at::Tensor& row_weights;
  int64_t keep;
};

// Masks, and if the method says so repairs, one layer of `network`, whose earlier layers are done.
// Gives the mask.
at::Tensor prune_layer(Network& network, const Network& dense, const LayerTask& task,
                       const PruneContext& context) {
  const Method& method = context.options.method;
  const Pattern& pattern = find_named(patterns(), method.pattern, "pattern");
  const bool search = method.support == "admm" && task.keep < task.scores.numel();
  const bool repair = method.repair == "least-squares";
  const at::Tensor weight = weight_of(dense, task.layer);
  if (!search && !repair) {
    at::Tensor mask = pattern.mask(task.scores, task.keep);
    set_weight(network, task.layer, weight * mask);
    return mask;
  }
  const MetricOptions& metric = context.options.metric;
  const LayerMoments moments =
      measure_moments({dense, network}, {task.layer}, context.data, metric).front();
  at::Tensor mask = search ? search_support(LayerProblem::of(moments, weight, metric.damping),
                                            {pattern, task.keep, task.row_weights})
                           : pattern.mask(task.scores, task.keep);
  if (repair) {
    update_layer(network, task.layer, {moments, mask, metric.damping});
  } else {
    set_weight(network, task.layer, weight * mask);
  }
  return mask;
}

void require_in(const char* what, double value, double high) {
  if (value >= 0 && value <= high) return;
  throw InputError(fmt::format("{} {} is outside [0, {}]", what, value, high));
}

void require_valid(const MetricOptions& metric) {
  constexpr double kLargest = 1e6;  // beyond it, nothing but rounding is left of the rest
  require_in("kappa", metric.kappa, kLargest);
  require_in("balance", metric.balance, 1);
  require_in("shrinkage", metric.shrinkage, kLargest);
  require_in("damping", metric.damping, kLargest);
}

}  // namespace

void require_valid(const PruneOptions& options) {
  const Method& method = options.method;
  require_valid(options.metric);
  if (!(options.sparsity >= 0 && options.sparsity < 1)) {
    throw InputError(fmt::format("sparsity {} is outside [0, 1)", options.sparsity));
  }
  const Criterion& criterion = find_named(criteria(), method.criterion, "criterion");
  find_named(allocations(), method.allocation, "allocation");
  find_named(patterns(), method.pattern, "pattern");
  find_named(head_treatments(), options.head, "head treatment");
  if (method.repair != "none" && method.repair != "least-squares") {
    throw InputError(fmt::format("unknown repair '{}'; known: none, least-squares", method.repair));
  }
  if (method.support != "score" && method.support != "admm") {
    throw InputError(fmt::format("unknown support '{}'; known: score, admm", method.support));
  }
  if (criterion.whole_neurons && method.pattern != "neuron") {
    throw InputError(fmt::format("criterion '{}' scores whole neurons: it needs the pattern neuron",
                                 criterion.name));
  }
  if (method.support == "admm" && !criterion.needs.contains(Statistic::kOutputWeight)) {
    throw InputError(fmt::format("support admm needs the row weights of criterion nc-obs, not '{}'",
                                 criterion.name));
  }
}

std::vector<LayerStatistics> measure_for(const std::vector<Method>& wanted, const Network& dense,
                                         const Dataset& calibration, const MetricOptions& options) {
  std::set<Statistic> needs;
  for (const Method& method : wanted) {
    const Criterion& criterion = find_named(criteria(), method.criterion, "criterion");
    needs.insert(criterion.needs.begin(), criterion.needs.end());
  }
  return measure_statistics(dense, prunable_layers(dense), calibration, needs, options);
}

Pruned prune(const Network& dense, const Calibration& calibration, const PruneOptions& options) {
  require_valid(options);
  const at::NoGradGuard no_grad;
  const std::vector<Layer> layers = prunable_layers(dense);
  const std::vector<at::Tensor> scores =
      score_layers(dense, layers, calibration.statistics, options);
  int64_t total = 0;
  for (const at::Tensor& s : scores) total += s.numel();
  const int64_t keep = std::llround((1 - options.sparsity) * static_cast<double>(total));
  const std::vector<int64_t> kept =
      find_named(allocations(), options.method.allocation, "allocation").kept(scores, keep);

  Pruned result{dense, {}, 0};
  int64_t kept_total = 0;
  for (size_t l = 0; l < layers.size(); ++l) {
    const at::Tensor mask =
        prune_layer(result.network, dense,
                    {layers[l], scores[l], calibration.statistics[l].output_weight, kept[l]},
                    {calibration.data, options});
    const int64_t count = mask.sum().item<int64_t>();
    result.layers.push_back({layers[l].name, mask.numel(), count});
    kept_total += count;
  }
  result.sparsity = 1 - static_cast<double>(kept_total) / static_cast<double>(total);
  result.network =
      treat_head({dense, result.network}, options.head, calibration.data, options.metric);
  return result;
}

}  // namespace ncprune
