#include "ncprune/prune/prune.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "ncprune/base/lookup.h"
#include "ncprune/prune/finish.h"
#include "ncprune/prune/pattern.h"
#include "ncprune/prune/removal.h"
#include "ncprune/prune/unit_pruning.h"
#include "ncprune/prune/weight_pruning.h"

namespace ncprune {
namespace {

// The last steps, shared by weights and units.
Pruned with_finish(Pruned pruned, const Network& dense, const Dataset& data) {
  pruned.network = finished({dense, pruned.network}, pruned.recipe, data);
  pruned.network.metadata.other[kRecipeEntry] = recipe_json(pruned.recipe).dump();
  if (!pruned.shrinkage) return pruned;
  Shrinkage& shrinkage = *pruned.shrinkage;
  shrinkage.after = cost(pruned.network);
  const auto size = find_named(removals(), pruned.recipe.remove, "quantity to remove").size;
  pruned.removed =
      1 - static_cast<double>(shrinkage.after.*size) / static_cast<double>(shrinkage.before.*size);
  return pruned;
}

}  // namespace

std::optional<Calibration> before_last_step(const Calibration& calibration, Recipe recipe) {
  const bool in_steps = !removes_units(recipe) && !find_pattern(recipe.method.pattern).group;
  const Finish& finish = find_named(finishes(), *recipe.finish, "finish");
  if (!in_steps || finish.steps == 1) return std::nullopt;
  const at::NoGradGuard no_grad;
  const double kept = 1 - share_of(recipe);
  recipe.head = Recipe{}.head;
  recipe.finish = finish.between;
  Calibration last = calibration;
  for (int64_t i = 1; i < finish.steps; ++i) {
    const double exponent = static_cast<double>(i + 1) / static_cast<double>(finish.steps + 1);
    recipe.share = 1 - std::pow(kept, exponent);
    const Pruned pruned = prune_weights(last, recipe);
    last = Calibration(finished({calibration.network(), pruned.network}, recipe, last.data()),
                       calibration.data());
  }
  return last;
}

Pruned prune(Calibration& calibration, const Recipe& recipe) {
  require_valid(recipe);
  const at::NoGradGuard no_grad;
  const Network& dense = calibration.network();
  const Dataset& data = calibration.data();
  const Recipe whole = resolved(recipe, dense, data);
  if (removes_units(whole)) return with_finish(prune_units(calibration, whole), dense, data);
  std::optional<Calibration> last = before_last_step(calibration, whole);
  return with_finish(prune_weights(last ? *last : calibration, whole), dense, data);
}

Pruned prune(const Network& dense, const Dataset& data, const Recipe& recipe) {
  Calibration calibration(dense, data);
  return prune(calibration, recipe);
}

Pruned apply(const Network& dense, const std::vector<at::Tensor>& kept, const Dataset& data,
             const Recipe& recipe) {
  require_valid(recipe);
  const at::NoGradGuard no_grad;
  const Recipe whole = resolved(recipe, dense, data);
  const Decision decision{dense, kept, data};
  return with_finish(
      removes_units(whole) ? apply_units(decision, whole) : apply_masks(decision, whole), dense,
      data);
}

}  // namespace ncprune
