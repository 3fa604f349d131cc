#include "ncprune/prune/recipe.h"

#include <fmt/format.h>

#include <cmath>

#include "ncprune/base/log.h"
#include "ncprune/base/lookup.h"
#include "ncprune/criteria/criterion.h"
#include "ncprune/prune/finish.h"
#include "ncprune/prune/head.h"
#include "ncprune/prune/parts.h"
#include "ncprune/prune/pattern.h"
#include "ncprune/prune/removal.h"

namespace ncprune {
namespace {

constexpr int64_t kMaxRounds = 1000;
constexpr int64_t kMaxSweeps = 10;
constexpr int64_t kMaxRoundTo = 1024;

void require_in(const char* what, double value, double high) {
  if (value >= 0 && value <= high) return;
  throw InputError(fmt::format("{} {} is outside [0, {}]", what, value, high));
}

void require_valid(const MetricOptions& metric) {
  for (const MetricField& f : metric_fields()) {
    require_in(f.name.c_str(), f.get(metric), f.max);
  }
}

// The share that the pattern fixes; the recipe's share cannot differ.
std::optional<double> fixed_share(const Pattern& pattern) {
  if (!pattern.group) return std::nullopt;
  const auto [n, m] = *pattern.group;
  return 1 - static_cast<double>(n) / static_cast<double>(m);
}

void require_share(const Recipe& recipe, const Pattern& pattern) {
  const double share = share_of(recipe);
  if (!(share >= 0 && share < 1)) {
    throw InputError(fmt::format("sparsity {} is outside [0, 1)", share));
  }
  const std::optional<double> fixed = fixed_share(pattern);
  if (fixed && std::abs(share - *fixed) > 1e-9) {
    throw InputError(
        fmt::format("pattern {} removes {:g} of the weights; the sparsity cannot be {:g}",
                    pattern.name, *fixed, share));
  }
}

void require_finds_units(const Recipe& recipe, const Pattern& pattern) {
  if (pattern.group || (pattern.whole && !pattern.neurons)) {
    throw InputError(fmt::format("pattern {} chooses weights, not units", pattern.name));
  }
  if (recipe.round_to < 1 || recipe.round_to > kMaxRoundTo) {
    throw InputError(
        fmt::format("units in multiples of {}; wanted 1 to {}", recipe.round_to, kMaxRoundTo));
  }
  const Method& method = recipe.method;
  if (!solver_of(method).finds_units) {
    throw InputError(
        fmt::format("method '{}' removes single weights, not units: solver {} "
                    "cannot choose units",
                    method.name, method.solver));
  }
  if (method.rounds > 1) {
    throw InputError(fmt::format("method '{}' works in {} rounds; units are removed in one",
                                 method.name, method.rounds));
  }
}

void require_sweeps(const Recipe& recipe, const Pattern& pattern) {
  const Method& method = recipe.method;
  if (method.sweeps < 1 || method.sweeps > kMaxSweeps) {
    throw InputError(fmt::format("{} sweeps; wanted 1 to {}", method.sweeps, kMaxSweeps));
  }
  if (method.sweeps == 1) return;
  const auto refuse = [&](const std::string& why) {
    throw InputError(
        fmt::format("{} sweeps of method '{}': {}; wanted 1", method.sweeps, method.name, why));
  };
  if (removes_units(recipe)) refuse("units are removed in one");
  if (solver_of(method).solve == nullptr) {
    refuse(fmt::format("solver {} does not search", method.solver));
  }
  if (repair_of(method).of_search) {
    refuse(fmt::format("repair {} takes a search's weights alone", method.repair));
  }
  if (pattern.group || pattern.whole) {
    refuse(fmt::format("pattern {} fixes where weights lie", pattern.name));
  }
}

}  // namespace

void require_valid(const Recipe& recipe) {
  const Method& method = recipe.method;
  require_valid(recipe.metric);
  for (const MethodPart& part : method_parts()) part.require(method.*part.field);
  const Pattern pattern = find_pattern(method.pattern);
  if (removes_units(recipe)) require_finds_units(recipe, pattern);
  require_share(recipe, pattern);
  if (recipe.finish) find_named(finishes(), *recipe.finish, "finish");
  find_named(head_treatments(), recipe.head, "head treatment");
  if (solver_of(method).solve != nullptr) require_rule(solver_of(method), pattern);
  if (method.rounds < 1 || method.rounds > kMaxRounds) {
    throw InputError(fmt::format("{} rounds; wanted 1 to {}", method.rounds, kMaxRounds));
  }
  require_sweeps(recipe, pattern);
  const Criterion criterion = find_criterion(method.criterion);
  if (criterion.whole_neurons && !pattern.neurons) {
    throw InputError(fmt::format("criterion '{}' scores whole neurons: it needs the pattern neuron",
                                 criterion.name));
  }
}

bool removes_units(const Recipe& recipe) {
  return find_named(removals(), recipe.remove, "quantity to remove").units_to_keep != nullptr;
}

double share_of(const Recipe& recipe) {
  if (recipe.share) return *recipe.share;
  return fixed_share(find_pattern(recipe.method.pattern)).value_or(kUsualShare);
}

Recipe resolved(Recipe recipe, const Network& network, const Dataset& data) {
  recipe.share = share_of(recipe);
  if (recipe.finish) return recipe;
  recipe.finish = recipe.method.finish;
  const auto problem = find_named(finishes(), *recipe.finish, "finish").problem;
  const std::string found = problem == nullptr ? "" : problem(network, data);
  if (!found.empty()) {
    recipe.finish = Method{}.finish;
    log_info(fmt::format("{}; the finish is {}", found, *recipe.finish));
  }
  return recipe;
}

}  // namespace ncprune
