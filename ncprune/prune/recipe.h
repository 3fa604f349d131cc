#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ncprune/base/json.h"
#include "ncprune/data/dataset.h"
#include "ncprune/model/network.h"
#include "ncprune/prune/method.h"
#include "ncprune/stats/metric.h"

namespace ncprune {

// Everything that, beside the network and its data, decides the result of prune(). A plan, a
// study's cell and a pruned file's metadata hold one; docs/recipes.md specifies its JSON form.
struct Recipe {
  Method method = {};  // take one of methods() and change the parts that should differ
  // The quantity that `share` refers to: removals(). "weights" become zero; for "units" (of every
  // layer), "parameters" and "macs" (of the whole network) whole units are removed.
  std::string remove = "weights";
  // The share to remove, in [0, 1). Not given: the share that a pattern N:M fixes, else
  // kUsualShare.
  std::optional<double> share = {};
  // A group (units.h) that loses units keeps a multiple of this number; in [1, 1024]. Hardware
  // often prefers 4, 8 or 16.
  int64_t round_to = 1;
  // finishes(). Not given: the method's finish if the network allows it, else "keep".
  std::optional<std::string> finish = {};
  std::string head = "keep";  // head_treatments(), after the finish
  // Of criteria, finish and head, and of search and repair unless these are plain.
  MetricOptions metric = {};
  uint64_t seed = 0;  // for criteria that draw random numbers
};

inline constexpr double kUsualShare = 0.9;

// Throws the InputError with which prune() would reject the recipe before any work.
void require_valid(const Recipe& recipe);

// Whether whole units are removed; else single weights become zero. Throws InputError on an unknown
// `recipe.remove`.
bool removes_units(const Recipe& recipe);

// The share that the recipe removes, in [0, 1).
double share_of(const Recipe& recipe);

// `recipe` with share and finish given, for `network` pruned on `data`. Logs why a
// method's finish cannot be used.
Recipe resolved(Recipe recipe, const Network& network, const Dataset& data);

// Writes a recipe as JSON, and reads it. read_recipe() also reads recipes of version 1 and the form
// in plans of version 1. It throws InputError, naming `where`, on another version or an unknown
// "remove", and nlohmann::json::exception on a missing key or a wrong type; it does not check the
// other names.
inline constexpr int64_t kRecipeVersion = 2;
Json recipe_json(const Recipe& recipe);
Recipe read_recipe(const Json& json, const std::string& where);

// The metadata entry of a pruned ONNX file that holds its recipe.
inline constexpr const char* kRecipeEntry = "ncprune.recipe";

}  // namespace ncprune
