#include "ncprune/prune/prune.h"

#include <nlohmann/json.hpp>

#include "ncprune/base/lookup.h"
#include "ncprune/prune/finish.h"
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

Pruned prune(Calibration& calibration, const Recipe& recipe) {
  require_valid(recipe);
  const at::NoGradGuard no_grad;
  const Network& dense = calibration.network();
  const Recipe whole = resolved(recipe, dense, calibration.data());
  return with_finish(
      removes_units(whole) ? prune_units(calibration, whole) : prune_weights(calibration, whole),
      dense, calibration.data());
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
