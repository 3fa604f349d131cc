#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ncprune/base/error.h"
#include "ncprune/prune/parts.h"
#include "ncprune/prune/recipe.h"
#include "ncprune/prune/removal.h"

namespace ncprune {
namespace {

constexpr const char* kUnits = "units";  // in plans of version 1, for every budget of units
constexpr const char* kFinishBefore = "batch_norm";  // the key of the finish in version 1

// Recipes in plans of version 1 had other names for the share and the quantity it refers to.
void read_what_is_removed(const Json& json, const std::string& where, Recipe& recipe) {
  if (!json.contains("ncprune_recipe")) {
    const auto remove = json.at("remove").get<std::string>();
    recipe.remove = remove == kUnits ? json.at("budget").get<std::string>() : remove;
    recipe.share = json.at("sparsity").get<double>();
    return;
  }
  const auto version = json.at("ncprune_recipe").get<int64_t>();
  if (version < 1 || version > kRecipeVersion) {
    throw InputError(
        fmt::format("{}: a recipe of version {}; wanted 1 to {}", where, version, kRecipeVersion));
  }
  json.at("remove").get_to(recipe.remove);
  recipe.share = json.at("share").get<double>();
}

}  // namespace

Json recipe_json(const Recipe& recipe) {
  Json method{{"name", recipe.method.name}};
  for (const MethodPart& part : method_parts()) method[part.name] = recipe.method.*part.field;
  method["rounds"] = recipe.method.rounds;
  method["sweeps"] = recipe.method.sweeps;
  Json metric;
  for (const MetricField& f : metric_fields()) metric[f.name] = f.get(recipe.metric);
  Json json{{"ncprune_recipe", kRecipeVersion},
            {"method", method},
            {"remove", recipe.remove},
            {"share", share_of(recipe)},
            {"round_to", recipe.round_to},
            {"head", recipe.head},
            {"metric", metric},
            {"seed", recipe.seed}};
  if (recipe.finish) json["finish"] = *recipe.finish;
  return json;
}

Recipe read_recipe(const Json& json, const std::string& where) {
  Recipe recipe;
  read_what_is_removed(json, where, recipe);
  const auto known = [&](const Removal& removal) { return removal.name == recipe.remove; };
  if (std::none_of(removals().begin(), removals().end(), known)) {
    throw InputError(fmt::format("{}: 'remove' is '{}'", where, recipe.remove));
  }
  json.at("method").at("name").get_to(recipe.method.name);
  for (const MethodPart& part : method_parts()) {
    json.at("method").at(part.name).get_to(recipe.method.*part.field);
  }
  json.at("method").at("rounds").get_to(recipe.method.rounds);
  recipe.method.sweeps = json.at("method").value("sweeps", Method{}.sweeps);  // since version 2
  for (const MetricField& f : metric_fields()) {
    const Json& metric = json.at("metric");
    if (metric.contains(f.name)) f.set(recipe.metric, metric.at(f.name).get<double>());
  }
  json.at("round_to").get_to(recipe.round_to);
  json.at("head").get_to(recipe.head);
  json.at("seed").get_to(recipe.seed);
  for (const char* key : {"finish", kFinishBefore}) {
    if (json.contains(key)) recipe.finish = json.at(key).get<std::string>();
  }
  return recipe;
}

}  // namespace ncprune
