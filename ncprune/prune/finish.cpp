#include "ncprune/prune/finish.h"

#include <ATen/ops/equal.h>

#include <algorithm>

#include "ncprune/base/lookup.h"
#include "ncprune/model/storage.h"
#include "ncprune/prune/head.h"

namespace ncprune {
namespace {

bool has_weights_of(const Network& network, const Network& dense) {
  const auto& own = network.initializers;
  return std::equal(own.begin(), own.end(), dense.initializers.begin(), dense.initializers.end(),
                    [](const auto& a, const auto& b) {
                      return a.first == b.first && at::equal(a.second, b.second);
                    });
}

}  // namespace

Network finished(const NetworkPair& pair, const Recipe& recipe, const Dataset& data) {
  const Finish& finish = find_named(finishes(), recipe.finish.value_or(Method{}.finish), "finish");
  const bool done =
      finish.restores && recipe.metric.noise == 0 && has_weights_of(pair.pruned, pair.dense);
  const Network network = done ? pair.pruned : finish.apply(pair, data, recipe.metric);
  return as_stored(treat_head({pair.dense, network}, recipe.head, data, recipe.metric));
}

}  // namespace ncprune
