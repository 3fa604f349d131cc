#include "ncprune/experiment/gradual.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "ncprune/base/lookup.h"
#include "ncprune/model/layers.h"
#include "ncprune/prune/finish.h"
#include "ncprune/prune/pattern.h"
#include "ncprune/prune/prune.h"
#include "ncprune/prune/sparsity.h"

namespace ncprune {
namespace {

double cubic(double first, double last, double done) {
  return last + (first - last) * std::pow(1 - done, 3);
}

double geometric(double first, double last, double done) {
  return 1 - (1 - first) * std::pow((1 - last) / (1 - first), done);
}

void require_valid(const GradualOptions& options) {
  constexpr int64_t kMaxSteps = 1000;
  const GradualSchedule& schedule =
      find_named(gradual_schedules(), options.schedule, "sparsity schedule");
  if (options.steps < 1 || options.steps > kMaxSteps) {
    throw InputError(fmt::format("{} steps; wanted 1 to {}", options.steps, kMaxSteps));
  }
  const std::string& pattern = options.recipe.method.pattern;
  if (find_pattern(pattern).group) {
    throw InputError(
        fmt::format("pattern {} fixes the sparsity, so a schedule cannot raise it", pattern));
  }
  if (removes_units(options.recipe)) {
    throw InputError("gradual pruning removes weights, not units");
  }
  ncprune::require_valid(options.recipe);
  ncprune::require_valid(options.train);
  if (schedule.rewinds && !options.early) {
    throw InputError(fmt::format("schedule '{}' needs an early network", schedule.name));
  }
}

void require_same_weights(const Network& network, const Network& early) {
  for (const auto& [name, tensor] : network.initializers) {
    const auto found = early.initializers.find(name);
    if (found != early.initializers.end() && found->second.sizes() == tensor.sizes()) continue;
    throw InputError(fmt::format(
        "the early network lacks weight '{}' in the shape that the network to prune has", name));
  }
}

// The weights of `early`, set to zero where those of `pruned` are zero.
Network rewound(const Network& early, const Network& pruned) {
  Network network = early;
  network.metadata = pruned.metadata;
  for (const Layer& layer : prunable_layers(pruned)) {
    set_weight(network, layer, weight_of(early, layer) * weight_of(pruned, layer).ne(0));
  }
  return network;
}

}  // namespace

const std::vector<GradualSchedule>& gradual_schedules() {
  static const std::vector<GradualSchedule> table{
      {"cubic", "fast at first: s_f + (s_0 - s_f) (1 - t/T)^3", "Zhu, Gupta 2017", cubic, false},
      {"iterative", "the same share of the remaining weights in every step",
       "Han, Pool, Tran, Dally 2015", geometric, false},
      {"rewind", "iterative, and each step's weights go back to an early checkpoint",
       "Frankle, Carbin 2019; Renda, Frankle, Carbin 2020", geometric, true},
  };
  return table;
}

Gradual prune_gradually(const Network& network, const PreparedData& data,
                        const GradualOptions& options) {
  require_valid(options);
  const GradualSchedule& schedule =
      find_named(gradual_schedules(), options.schedule, "sparsity schedule");
  if (schedule.rewinds) require_same_weights(network, *options.early);
  const double first = sparsity(layer_sparsity(network));
  const double last = share_of(options.recipe);
  if (first > last) {
    throw InputError(fmt::format("the network already has a sparsity of {:.4f}; {:g} was requested",
                                 first, last));
  }
  TrainOptions train_options = options.train;
  train_options.keep_zeros = true;
  train_options.keep_start = !schedule.rewinds;  // an early network is always trained
  Gradual result{network, {}};
  for (int64_t step = 1; step <= options.steps; ++step) {
    Recipe recipe = options.recipe;
    recipe.finish = Method{}.finish;
    recipe.head = Recipe{}.head;
    recipe.share = schedule.sparsity(
        first, last, static_cast<double>(step) / static_cast<double>(options.steps));
    const Pruned pruned = prune(result.network, data.train, recipe);
    const Training training =
        train(schedule.rewinds ? rewound(*options.early, pruned.network) : pruned.network,
              data.train, data.validation, train_options);
    result.network = training.network;
    const auto best = static_cast<size_t>(training.best_epoch - training.history.front().epoch);
    result.steps.push_back({pruned.removed, training.history[best]});
  }
  Recipe whole = options.recipe;
  whole.finish = whole.finish.value_or(Method{}.finish);
  whole = resolved(whole, network, data.train);
  result.network = finished({network, result.network}, whole, data.train);
  result.network.metadata.other[kRecipeEntry] = recipe_json(whole).dump();
  return result;
}

}  // namespace ncprune
