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

at::Tensor choose_mask(const LayerProblem* problem, const at::Tensor& scores, int64_t keep,
                       const PruneOptions& options, const LayerStatistics& statistics) {
  const Pattern& pattern = find_named(patterns(), options.method.pattern, "pattern");
  if (options.method.support == "score" || keep == scores.numel()) return pattern.mask(scores, keep);
  return search_support(*problem, {pattern, keep, statistics.output_weight});
}

}  // namespace

void require_valid(const PruneOptions& options) {
  const Method& method = options.method;
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
  const bool repair = options.method.repair == "least-squares";
  for (size_t l = 0; l < layers.size(); ++l) {
    const at::Tensor weight = weight_of(dense, layers[l]);
    at::Tensor mask;
    if (repair || options.method.support == "admm") {
      const LayerMoments moments = measure_moments({dense, result.network}, {layers[l]},
                                                   calibration.data, options.metric)
                                       .front();
      const LayerProblem problem = LayerProblem::of(moments, weight, options.metric.damping);
      mask = choose_mask(&problem, scores[l], kept[l], options, calibration.statistics[l]);
      if (repair) update_layer(result.network, layers[l], {moments, mask, options.metric.damping});
    } else {
      mask = choose_mask(nullptr, scores[l], kept[l], options, calibration.statistics[l]);
    }
    if (!repair) set_weight(result.network, layers[l], weight * mask);
    const int64_t count = mask.sum().item<int64_t>();
    result.layers.push_back({layers[l].name, weight.numel(), count});
    kept_total += count;
  }
  result.sparsity = 1 - static_cast<double>(kept_total) / static_cast<double>(total);
  result.network =
      treat_head({dense, result.network}, options.head, calibration.data, options.metric);
  return result;
}

}  // namespace ncprune
