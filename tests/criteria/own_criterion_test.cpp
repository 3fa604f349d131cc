#include <gtest/gtest.h>

#include "ncprune/base/error.h"
#include "ncprune/criteria/criterion.h"
#include "ncprune/prune/prune.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

at::Tensor negative_size(const ScoreInput& layer) {
  return -layer.weight.abs();
}

TEST(OwnCriterion, PrunesLikeThoseOfTheLibrary) {
  add_criterion({.name = "smallest-first",
                 .summary = "keeps the smallest weights",
                 .source = "this test",
                 .needs = {},
                 .score = negative_size});
  const Dataset data = gaussian_data({40, 40, 8}, 6);
  Recipe recipe;
  recipe.method = {.name = "own", .summary = "", .source = "", .criterion = "smallest-first"};
  recipe.share = 0.5;
  const Network dense = network_for(data, "mlp:16,8");
  const Pruned pruned = prune(dense, data, recipe);
  for (const Layer& layer : prunable_layers(dense)) {
    const at::Tensor before = weight_of(dense, layer).abs();
    const at::Tensor kept = weight_of(pruned.network, layer).ne(0);
    EXPECT_LE(before.masked_select(kept).max().item<float>(),
              before.masked_select(kept.logical_not()).min().item<float>());
  }
}

TEST(OwnCriterion, IsRefusedWithoutAPlainNewNameOrAScore) {
  const auto named = [](const char* name) {
    return Criterion{.name = name, .summary = "", .source = "", .score = negative_size};
  };
  EXPECT_THROW(add_criterion(named("magnitude")), InputError);
  EXPECT_THROW(add_criterion(named("")), InputError);
  EXPECT_THROW(add_criterion(named("a?b")), InputError);
  EXPECT_THROW(add_criterion({.name = "no-score", .summary = "", .source = ""}), InputError);
  EXPECT_THROW(find_criterion("no-score"), InputError);
}

}  // namespace
}  // namespace ncprune
