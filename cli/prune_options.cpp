#include "cli/prune_options.h"

#include <fmt/format.h>

#include <utility>

#include "cli/files.h"

namespace ncprune::cli {

// What stands empty is as the method has it.
PruneRequest::PruneRequest() {
  for (const MethodPart& part : method_parts()) (parts.*part.field).clear();
  parts.rounds = 0;
}

void add_prune_options(CLI::App& command, PruneRequest& request) {
  const auto option = [&](const std::string& name, auto& field, const std::string& text) {
    return command.add_option(name, field, text)->capture_default_str();
  };
  Recipe& recipe = request.recipe;
  command.add_option("--sparsity", recipe.share,
                     fmt::format("share of the weights to remove, in [0, 1); by default {:g}, or "
                                 "what a pattern N:M fixes",
                                 kUsualShare));
  option("--method", request.method, "see 'ncprune methods'; the parts below change it");
  command.add_option(
      "--batch-norm", recipe.batch_norm,
      "keep BatchNormalization as trained, match the dense network's class shares, or "
      "recalibrate its statistics; by default the method's choice, and keep in 'gradual'");
  option("--head", recipe.head, "keep, realign or refit the classifier");
  Method& parts = request.parts;
  for (const MethodPart& part : method_parts()) {
    option("--" + part.name, parts.*part.field, part.summary);
  }
  option("--rounds", parts.rounds, "rounds of scoring the remaining weights anew");
  for (const MetricField& f : metric_fields()) {
    option("--" + f.name, recipe.metric.*f.field, f.summary);
  }
}

void add_structured_options(CLI::App& command, PruneRequest& request) {
  command
      .add_option("--structured", request.structured,
                  "remove this share of the units (neurons, channels) instead of single weights")
      ->excludes("--sparsity");
  std::vector<std::string> budgets;
  for (const Removal& removal : removals()) {
    if (removal.units_to_keep != nullptr) budgets.push_back(removal.name);
  }
  command
      .add_option("--budget", request.budget,
                  "what --structured is a share of: units (of every layer), parameters or macs")
      ->check(CLI::IsMember(budgets))
      ->type_name("TEXT")
      ->capture_default_str();
  command
      .add_option("--round-to", request.recipe.round_to,
                  "a layer that loses units keeps a multiple of this number")
      ->capture_default_str();
}

Recipe recipe_of(const PruneRequest& request, uint64_t seed) {
  Recipe recipe = request.recipe;
  recipe.seed = seed;
  recipe.method = find_named(methods(), request.method, "method");
  for (const MethodPart& part : method_parts()) {
    const std::string& given = request.parts.*part.field;
    if (!given.empty()) recipe.method.*part.field = given;
  }
  if (request.parts.rounds > 0) recipe.method.rounds = request.parts.rounds;
  if (request.structured) {
    recipe.remove = request.budget;
    recipe.share = request.structured;
  }
  return recipe;
}

PruneTask prune_task(const std::string& network, const DataRequest& data,
                     const PruneRequest& request) {
  const Recipe recipe = recipe_of(request, data.seed);
  require_valid(recipe);
  NetworkAndData read = read_network_and_data(network, data);
  // A promise is searched for by many prunings; what is not given is settled, and said, once.
  Recipe whole = resolved(recipe, read.network, read.data.train);
  Calibration calibration(std::move(read.network), read.data.train);
  return {std::move(whole), std::move(read.data), std::move(calibration)};
}

}  // namespace ncprune::cli
