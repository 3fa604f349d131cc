#include "ncprune/prune/finish.h"

#include "ncprune/base/lookup.h"
#include "ncprune/model/storage.h"
#include "ncprune/prune/head.h"

namespace ncprune {

Network finished(const NetworkPair& pair, const Recipe& recipe, const Dataset& data) {
  const std::string name = recipe.finish.value_or(Method{}.finish);
  const Network network = find_named(finishes(), name, "finish").apply(pair, data, recipe.metric);
  return as_stored(treat_head({pair.dense, network}, recipe.head, data, recipe.metric));
}

}  // namespace ncprune
