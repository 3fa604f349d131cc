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

// Everything that decides what prune() makes of a network and its data. A plan, a study's cell and
// a pruned file's metadata hold one; docs/recipes.md specifies its JSON form.
struct Recipe {
  Method method;  // take one of methods() and change the parts that are to differ
  // What the share is a share of: removals(). "weights" become zero; "units" (of every layer),
  // "parameters" and "macs" (of the whole network) leave with whole units.
  std::string remove = "weights";
  // The share to remove, in [0, 1). Not given: what a pattern N:M fixes, else kUsualShare.
  std::optional<double> share = {};
  // Where units leave, a group (units.h) that loses any keeps a multiple of this number; in
  // [1, 1024]. Hardware likes 4, 8 or 16.
  int64_t round_to = 1;
  // batch_norm_treatments(). Not given: the method's treatment if the network allows it, else
  // "keep".
  std::optional<std::string> batch_norm = {};
  std::string head = "keep";  // head_treatments(), after BatchNormalization
  MetricOptions metric = {};  // of repair, head and criteria, and of the search unless it is plain
  uint64_t seed = 0;          // of criteria that draw
};

inline constexpr double kUsualShare = 0.9;

// Throws the InputError that prune() would throw before it does any work.
void require_valid(const Recipe& recipe);

// Whole units leave the network; else single weights become zero. Throws InputError when there is
// no such thing to remove.
bool removes_units(const Recipe& recipe);

// The share that the recipe removes, in [0, 1).
double share_of(const Recipe& recipe);

// `recipe` with nothing left to decide, for `network` pruned on `data`: share, batch_norm and
// metric.kappa are given. Logs why a method's BatchNormalization treatment cannot be used.
Recipe resolved(Recipe recipe, const Network& network, const Dataset& data);

// The recipe as data, and back. read_recipe() takes the form that plans of version 1 had, too. It
// throws InputError, naming `where`, on another version or an unknown thing to remove, and
// nlohmann::json::exception on a missing key or a wrong type; it does not check the other names.
inline constexpr int64_t kRecipeVersion = 1;
Json recipe_json(const Recipe& recipe);
Recipe read_recipe(const Json& json, const std::string& where);

// Where the metadata of a pruned ONNX file hold its recipe.
inline constexpr const char* kRecipeEntry = "ncprune.recipe";

}  // namespace ncprune
