#include "ncprune/prune/options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "ncprune/base/lookup.h"
#include "ncprune/criteria/criterion.h"
#include "ncprune/prune/allocation.h"
#include "ncprune/prune/batch_norm.h"
#include "ncprune/prune/head.h"
#include "ncprune/prune/pattern.h"
#include "ncprune/prune/repair.h"
#include "ncprune/prune/solver.h"

namespace ncprune {
namespace {

constexpr const char* kClassAware = "neural-collapse";
constexpr const char* kPlain = "plain";
constexpr int64_t kMostRounds = 1000;
constexpr int64_t kMostRoundTo = 1024;

void require_one_of(const char* what, const std::string& given,
                    const std::vector<std::string>& known) {
  if (std::find(known.begin(), known.end(), given) != known.end()) return;
  throw InputError(fmt::format("unknown {} '{}'; known: {}", what, given, fmt::join(known, ", ")));
}

void require_in(const char* what, double value, double high) {
  if (value >= 0 && value <= high) return;
  throw InputError(fmt::format("{} {} is outside [0, {}]", what, value, high));
}

void require_valid(const MetricOptions& metric) {
  for (const MetricField& f : metric_fields()) require_in(f.name.c_str(), metric.*f.field, f.most);
}

}  // namespace

void require_valid(const PruneOptions& options) {
  const Method& method = options.method;
  require_valid(options.metric);
  if (!(options.sparsity >= 0 && options.sparsity < 1)) {
    throw InputError(fmt::format("sparsity {} is outside [0, 1)", options.sparsity));
  }
  const Criterion criterion = find_criterion(method.criterion);
  find_named(allocations(), method.allocation, "allocation");
  const Pattern pattern = find_pattern(method.pattern);
  if (pattern.group) {
    const auto [n, m] = *pattern.group;
    const double fixed = 1 - static_cast<double>(n) / static_cast<double>(m);
    if (std::abs(options.sparsity - fixed) > 1e-9) {
      throw InputError(
          fmt::format("pattern {} removes {:g} of the weights; sparsity {:g} was asked "
                      "for",
                      method.pattern, fixed, options.sparsity));
    }
  }
  if (options.batch_norm) {
    find_named(batch_norm_treatments(), *options.batch_norm, "BatchNorm treatment");
  }
  find_named(head_treatments(), options.head, "head treatment");
  find_named(repairs(), method.repair, "repair");
  require_one_of("metric", method.metric, {kClassAware, kPlain});
  if (const Solver* solver = solver_of(method)) require_rule(*solver, pattern);
  if (method.rounds < 1 || method.rounds > kMostRounds) {
    throw InputError(fmt::format("{} rounds; wanted 1 to {}", method.rounds, kMostRounds));
  }
  if (criterion.whole_neurons && !pattern.neurons) {
    throw InputError(fmt::format("criterion '{}' scores whole neurons: it needs the pattern neuron",
                                 criterion.name));
  }
}

void require_valid_for_units(const PruneOptions& options) {
  const Pattern pattern = find_pattern(options.method.pattern);
  if (pattern.group || (pattern.whole && !pattern.neurons)) {
    throw InputError(
        fmt::format("pattern {} says which weights stay, not which units", pattern.name));
  }
  require_valid(options);
  require_one_of("budget", options.budget, {"units", "parameters", "macs"});
  if (options.round_to < 1 || options.round_to > kMostRoundTo) {
    throw InputError(
        fmt::format("units in multiples of {}; wanted 1 to {}", options.round_to, kMostRoundTo));
  }
  const Solver* solver = solver_of(options.method);
  if (solver != nullptr && !solver->finds_units) {
    throw InputError(
        fmt::format("method '{}' removes single weights, not units: solver {} has no "
                    "rule for them",
                    options.method.name, options.method.solver));
  }
  if (options.method.rounds > 1) {
    throw InputError(fmt::format("method '{}' works in {} rounds; units are removed in one",
                                 options.method.name, options.method.rounds));
  }
}

bool searches_class_aware(const Method& method) {
  return solver_of(method) != nullptr && method.metric == kClassAware;
}

MetricOptions solver_metric(const PruneOptions& options) {
  if (options.method.metric == kClassAware) return options.metric;
  MetricOptions plain{.kappa = 1, .balance = 0, .shrinkage = 0, .damping = options.metric.damping};
  plain.noise = options.metric.noise;  // is the data's, not the metric's
  return plain;
}

}  // namespace ncprune
