#include "cli/prune_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/definitions.h"
#include "cli/files.h"
#include "cli/options.h"

namespace ncprune::cli {
namespace {

constexpr uint64_t kMaxRecipeBytes = uint64_t{1} << 30;  // a plan holds masks

// Reads the recipe from a JSON file (a recipe, a plan or the output of --json) or from the metadata
// of a pruned network.
Recipe read_recipe_file(const std::string& path) {
  std::string text;
  if (path.ends_with(".onnx")) {
    const std::map<std::string, std::string> entries = read_onnx(path).metadata.other;
    const auto found = entries.find(kRecipeEntry);
    if (found == entries.end()) {
      throw InputError(
          fmt::format("{}: the metadata have no recipe; wanted a pruned network", path));
    }
    text = found->second;
  } else {
    text = read_file(path, kMaxRecipeBytes);
  }
  try {
    const Json json = Json::parse(text);
    return read_recipe(json.contains("recipe") ? json.at("recipe") : json, path);
  } catch (const nlohmann::json::exception& error) {
    throw InputError(fmt::format("{}: is not a recipe: {}", path, error.what()));
  }
}

}  // namespace

// CLI11 processes options in the order in which they are added: the recipe comes first, then the
// options that change it.
void add_prune_options(CLI::App& command, PruneRequest& request) {
  const auto option = [&](const std::string& name, auto& field, const std::string& text) {
    return command.add_option(name, field, text)->capture_default_str();
  };
  Recipe& recipe = request.recipe;
  command
      .add_option_function<std::string>(
          "--recipe", [&recipe](const std::string& path) { recipe = read_recipe_file(path); },
          "recipe to start from: a JSON file, a plan or a pruned ONNX file; other options change "
          "it")
      ->type_name("FILE");
  command
      .add_option_function<std::string>(
          "--method", [&recipe](const std::string& name) { recipe.method = find_method(name); },
          "see 'ncprune methods'; the parts below change it")
      ->check(known_values(all_names(methods())))
      ->type_name("TEXT")
      ->default_str(recipe.method.name);
  command.add_option("--sparsity", recipe.share,
                     fmt::format("share of the weights to remove, in [0, 1); by default {:g}, or "
                                 "the share that a pattern N:M fixes",
                                 kUsualShare));
  command
      .add_option(
          "--finish", recipe.finish,
          "keep the network as repaired; recalibrate the mean and variance of channels; match the "
          "dense network's class shares with scales and shifts; or refine: match, then move all "
          "remaining weights towards these shares; by default the method's choice, and keep in "
          "'gradual'")
      ->check(known_values(all_names(finishes())));
  option("--head", recipe.head, choices(head_treatments()) + " the classifier")
      ->check(known_values(all_names(head_treatments())));
  for (const MethodPart& part : method_parts()) {
    command.add_option("--" + part.name, recipe.method.*part.field, part.summary)
        ->check(known_values(part.names));
  }
  command.add_option("--rounds", recipe.method.rounds,
                     "rounds of pruning; each scores the remaining weights anew");
  command.add_option(
      "--sweeps", recipe.method.sweeps,
      "passes over the layers, for methods that search single weights; each pass after the first "
      "spends weights that feed nothing again");
  add_force_option(command, request.force);
  for (const MetricField& f : metric_fields()) {
    command
        .add_option_function<double>(
            "--" + f.name, [set = f.set, &recipe](double value) { set(recipe.metric, value); },
            f.summary)
        ->default_str(fmt::format("{:g}", f.get(recipe.metric)));
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
                  fmt::format("quantity that --structured is a share of: {}; units: of every layer",
                              fmt::join(budgets, ", ")))
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
  require_match(network, read, data, request.force);
  // The search for a promise prunes many times; defaults are resolved and logged once.
  Recipe whole = resolved(recipe, read.network, read.data.train);
  Calibration calibration(std::move(read.network), read.data.train);
  return {std::move(whole), std::move(read.data), std::move(calibration)};
}

}  // namespace ncprune::cli
