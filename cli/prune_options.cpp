#include <array>

#include "cli/commands.h"

namespace ncprune::cli {
namespace {

constexpr std::array kParts{&Method::criterion, &Method::allocation, &Method::pattern,
                            &Method::solver,    &Method::metric,     &Method::repair};

}  // namespace

// What stands empty is as the method has it.
PruneRequest::PruneRequest() {
  for (std::string Method::*part : kParts) (parts.*part).clear();
  parts.rounds = 0;
}

void add_prune_options(CLI::App& command, PruneRequest& request) {
  const auto option = [&](const std::string& name, auto& field, const std::string& text) {
    return command.add_option(name, field, text)->capture_default_str();
  };
  PruneOptions& prune = request.options;
  option("--sparsity", prune.sparsity, "share of the weights to remove, in [0, 1)")
      ->each([&request](const std::string&) { request.sparsity_given = true; });
  option("--method", request.method, "see 'ncprune methods'; the parts below change it");
  option("--batch-norm", prune.batch_norm, "keep the trained statistics, or recalibrate them");
  option("--head", prune.head, "keep, realign or refit the classifier");
  Method& parts = request.parts;
  option("--criterion", parts.criterion, "see 'ncprune criteria'");
  option("--allocation", parts.allocation, "global, guarded, uniform or erk");
  option("--pattern", parts.pattern,
         "layer, row, neuron, N:M (as 2:4, which fixes the sparsity) or block:RxC");
  option("--solver", parts.solver, "score, or what searches a layer: admm, obc or sparsegpt");
  option("--search-metric", parts.metric, "of the solver: neural-collapse or plain");
  option("--repair", parts.repair,
         "none, own (what the solver leaves), bias (the means) or least-squares");
  option("--rounds", parts.rounds, "of scoring anew on what is left");
  MetricOptions& metric = prune.metric;
  option("--kappa", metric.kappa, "weight of the class means in the metric");
  option("--balance", metric.balance, "0 averages over samples, 1 over classes");
  option("--shrinkage", metric.shrinkage, "samples at which a class's scatter is half the pool's");
  option("--margin", metric.margin, "share of a sample's weight that goes by its indecision");
  option("--noise", metric.noise, "standard deviation of the input noise to prepare for");
  option("--damping", metric.damping, "ridge, as a share of the metric's mean diagonal");
}

PruneOptions prune_options(const PruneRequest& request, uint64_t seed) {
  PruneOptions options = request.options;
  options.seed = seed;
  options.method = find_named(methods(), request.method, "method");
  for (std::string Method::*part : kParts) {
    if (!(request.parts.*part).empty()) options.method.*part = request.parts.*part;
  }
  if (request.parts.rounds > 0) options.method.rounds = request.parts.rounds;
  const auto group = find_pattern(options.method.pattern).group;
  if (group && !request.sparsity_given) {
    options.sparsity = 1 - static_cast<double>(group->first) / static_cast<double>(group->second);
  }
  return options;
}

}  // namespace ncprune::cli
