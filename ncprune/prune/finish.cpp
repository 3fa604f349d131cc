#include "ncprune/prune/finish.h"

#include "ncprune/model/storage.h"
#include "ncprune/prune/batch_norm.h"
#include "ncprune/prune/head.h"

namespace ncprune {

Network finished(const NetworkPair& pair, const Recipe& recipe, const Dataset& data) {
  const std::string batch_norm = recipe.batch_norm.value_or(Method{}.batch_norm);
  const Network normed = treat_batch_norm(pair, batch_norm, data, recipe.metric);
  return as_stored(treat_head({pair.dense, normed}, recipe.head, data, recipe.metric));
}

}  // namespace ncprune
