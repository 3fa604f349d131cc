#include "ncprune/prune/scoring.h"

#include <ATen/ops/full.h>
#include <ATen/ops/nextafter.h>
#include <ATen/ops/zeros_like.h>
#include <fmt/format.h>

#include <limits>

#include "ncprune/base/lookup.h"
#include "ncprune/criteria/criterion.h"
#include "ncprune/prune/allocation.h"
#include "ncprune/prune/repair.h"
#include "ncprune/prune/solver.h"

namespace ncprune {
namespace {

// What is zero already goes first, and before what scores as low: it costs nothing, and what an
// earlier round removed must not come back.
at::Tensor zeros_first(const at::Tensor& scores, const at::Tensor& weight, bool whole_neurons) {
  const at::Tensor zero = weight.eq(0);
  const at::Tensor lowest =
      at::nextafter(scores.min().clamp_max(0),
                    at::full({}, -std::numeric_limits<double>::infinity(), scores.options()));
  return lowest.where(whole_neurons ? zero.all(1, true) : zero, scores);
}

}  // namespace

bool needs_scores(const Method& method) {
  return solver_of(method) == nullptr ||
         find_named(allocations(), method.allocation, "allocation").reads_scores;
}

std::vector<LayerStatistics> measure_for(const std::vector<Method>& wanted, const Network& dense,
                                         const Dataset& calibration, const MetricOptions& options) {
  std::set<Statistic> needs;
  for (const Method& method : wanted) {
    if (needs_scores(method)) {
      const Criterion criterion = find_criterion(method.criterion);
      needs.insert(criterion.needs.begin(), criterion.needs.end());
    }
    const bool searches = searches_class_aware(method);
    if (searches) needs.insert(Statistic::kOutputWeight);
    // Repair and search start from the first layer's moments.
    if (searches || find_named(repairs(), method.repair, "repair").reads_moments) {
      needs.insert(Statistic::kFirstMetric);
    }
  }
  return measure_statistics(dense, prunable_layers(dense), calibration, {needs, options});
}

std::vector<at::Tensor> score_layers(const Network& dense,
                                     const std::vector<LayerStatistics>& statistics,
                                     const PruneOptions& options) {
  const Criterion criterion = find_criterion(options.method.criterion);
  const std::vector<Layer> layers = prunable_layers(dense);
  const Random random = Random(options.seed).stream("criterion");
  std::vector<at::Tensor> scores;
  for (size_t l = 0; l < layers.size(); ++l) {
    const Random of_layer = random.stream(layers[l].name);
    Random own =
        layers[l].groups == 1 ? of_layer : of_layer.stream(fmt::format("{}", layers[l].group));
    const at::Tensor weight = weight_of(dense, layers[l]).to(at::kDouble);
    if (!needs_scores(options.method)) {
      scores.push_back(at::zeros_like(weight));
      continue;
    }
    scores.push_back(zeros_first(criterion.score({weight, statistics[l], criterion.options, own}),
                                 weight, criterion.whole_neurons));
  }
  return scores;
}

}  // namespace ncprune
