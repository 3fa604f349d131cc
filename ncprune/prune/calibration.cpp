#include "ncprune/prune/calibration.h"

#include <ATen/ops/full.h>
#include <ATen/ops/nextafter.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "ncprune/base/lookup.h"
#include "ncprune/criteria/criterion.h"
#include "ncprune/prune/allocation.h"
#include "ncprune/prune/parts.h"

namespace ncprune {
namespace {

// The statistics of several layers are held at once up to this many numbers: half a gigabyte.
constexpr int64_t kMaxNumbers = int64_t{1} << 26;

bool needs_scores(const Method& method) {
  return solver_of(method).solve == nullptr ||
         find_named(allocations(), method.allocation, "allocation").reads_scores;
}

// Weights that are already zero are removed first, before others with equal scores: they cost
// nothing, and weights removed in an earlier round must not come back.
at::Tensor zeros_first(const at::Tensor& scores, const at::Tensor& weight, bool whole_neurons) {
  const at::Tensor zero = weight.eq(0);
  const at::Tensor lowest =
      at::nextafter(scores.min().clamp_max(0),
                    at::full({}, -std::numeric_limits<double>::infinity(), scores.options()));
  return lowest.where(whole_neurons ? zero.all(1, true) : zero, scores);
}

// The numbers in the largest statistics of a layer with weight [m, d].
int64_t numbers_in(const std::set<Statistic>& needs, const at::Tensor& weight, int64_t classes) {
  const int64_t m = weight.size(0);
  const int64_t d = weight.size(1);
  int64_t numbers = 0;
  for (const auto& [statistic, size] :
       {std::pair{Statistic::kMetric, d * (d + m)}, std::pair{Statistic::kSecondMoment, d * d},
        std::pair{Statistic::kUnitGeometry, m * m}, std::pair{Statistic::kScatterCovariance, m * d},
        std::pair{Statistic::kGradient, m * d}, std::pair{Statistic::kFisher, m * d},
        std::pair{Statistic::kHessianGradient, m * d}, std::pair{Statistic::kSynapticFlow, m * d},
        std::pair{Statistic::kClassFisher, classes * m * d}}) {
    if (needs.contains(statistic)) numbers += size;
  }
  return numbers;
}

Random random_of(const Layer& layer, uint64_t seed) {
  const Random of_layer = Random(seed).stream("criterion").stream(layer.name);
  return layer.groups == 1 ? of_layer : of_layer.stream(fmt::format("{}", layer.group));
}

}  // namespace

Calibration::Calibration(Network network, Dataset data)
    : network_(std::move(network)), data_(std::move(data)) {}

std::list<Calibration::Scores>::iterator Calibration::find(const Scores& wanted) {
  return std::find_if(scores_.begin(), scores_.end(), [&](const Scores& known) {
    return known.criterion == wanted.criterion && known.metric == wanted.metric &&
           known.seed == wanted.seed;
  });
}

// REQUIRES: the same metric in all of `wanted`.
void Calibration::measure_together(const std::vector<Scores*>& wanted) const {
  std::set<Statistic> needs;
  std::vector<Criterion> criteria;
  for (const Scores* scores : wanted) {
    criteria.push_back(find_criterion(scores->criterion));
    needs.insert(criteria.back().needs.begin(), criteria.back().needs.end());
  }
  const std::vector<Layer> layers = prunable_layers(network_);
  for (size_t begin = 0; begin < layers.size();) {
    std::vector<Layer> together;
    for (int64_t held = 0; begin + together.size() < layers.size() && held < kMaxNumbers;) {
      const Layer& layer = layers[begin + together.size()];
      held += numbers_in(needs, weight_of(network_, layer), data_.num_classes());
      together.push_back(layer);
    }
    const std::vector<LayerStatistics> statistics =
        measure_statistics(network_, together, data_, {needs, wanted.front()->metric});
    for (size_t l = 0; l < together.size(); ++l) {
      const at::Tensor weight = weight_of(network_, together[l]).to(at::kDouble);
      for (size_t i = 0; i < wanted.size(); ++i) {
        Random random = random_of(together[l], wanted[i]->seed);
        const at::Tensor scores =
            criteria[i].score({weight, statistics[l], criteria[i].options, random});
        wanted[i]->layers.push_back(zeros_first(scores, weight, criteria[i].whole_neurons));
      }
    }
    begin += together.size();
  }
}

void Calibration::measure(const std::vector<Recipe>& recipes) {
  const auto same = [](const Scores& a, const Scores& b) {
    return a.criterion == b.criterion && a.metric == b.metric && a.seed == b.seed;
  };
  std::list<Scores> missing;
  for (const Recipe& recipe : recipes) {
    if (!needs_scores(recipe.method)) continue;
    Scores wanted{recipe.method.criterion, recipe.metric, recipe.seed, {}};
    const bool listed = std::any_of(missing.begin(), missing.end(),
                                    [&](const Scores& other) { return same(other, wanted); });
    if (!listed && find(wanted) == scores_.end()) missing.push_back(std::move(wanted));
  }
  std::vector<Scores*> remaining;
  for (Scores& scores : missing) remaining.push_back(&scores);
  while (!remaining.empty()) {
    const MetricOptions metric = remaining.front()->metric;
    const auto others =
        std::stable_partition(remaining.begin(), remaining.end(),
                              [&](const Scores* s) { return !(s->metric == metric); });
    measure_together({others, remaining.end()});
    remaining.erase(others, remaining.end());
  }
  scores_.splice(scores_.end(), missing);  // at once: a failed measurement leaves no entry
  for (const Recipe& recipe : recipes) row_weights(recipe);
}

const std::vector<at::Tensor>& Calibration::scores(const Recipe& recipe) {
  if (needs_scores(recipe.method)) {
    measure({recipe});
    return find({recipe.method.criterion, recipe.metric, recipe.seed, {}})->layers;
  }
  const auto known = find({});
  if (known != scores_.end()) return known->layers;
  Scores& none = scores_.emplace_back();
  for (const Layer& layer : prunable_layers(network_)) {
    none.layers.push_back(
        at::zeros({}, at::TensorOptions(at::kDouble)).expand(weight_of(network_, layer).sizes()));
  }
  return none.layers;
}

const std::vector<at::Tensor>& Calibration::row_weights(const Recipe& recipe) {
  const bool aware = searches_class_aware(recipe.method);
  const double balance = aware ? recipe.metric.balance : 0;
  const auto known = std::find_if(
      row_weights_.begin(), row_weights_.end(),
      [&](const RowWeights& r) { return r.class_aware == aware && r.balance == balance; });
  if (known != row_weights_.end()) return known->layers;
  const std::vector<Layer> layers = prunable_layers(network_);
  RowWeights made{aware, balance, {}};
  if (aware) {
    made.layers = output_weights(network_, layers, data_, balance);
  } else {
    for (const Layer& layer : layers) {
      made.layers.push_back(
          at::ones({weight_of(network_, layer).size(0)}, at::TensorOptions(at::kDouble)));
    }
  }
  return row_weights_.emplace_back(std::move(made)).layers;
}

}  // namespace ncprune
