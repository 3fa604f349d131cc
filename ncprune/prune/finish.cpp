#include "ncprune/prune/finish.h"

#include "ncprune/base/log.h"
#include "ncprune/base/lookup.h"
#include "ncprune/prune/batch_norm.h"
#include "ncprune/prune/head.h"

namespace ncprune {

Finish finish_of(const PruneOptions& options, const Network& network, const Dataset& data) {
  if (options.batch_norm) return {*options.batch_norm, options.head};
  const std::string& usual = options.method.batch_norm;
  const auto problem = find_named(batch_norm_treatments(), usual, "BatchNorm treatment").problem;
  const std::string found = problem == nullptr ? "" : problem(network, data);
  if (found.empty()) return {usual, options.head};
  log_info(found + ": it is kept as trained");
  return {.head = options.head};
}

Network finished(const NetworkPair& pair, const Finish& finish, const Dataset& data,
                 const MetricOptions& metric) {
  const Network normed = treat_batch_norm(pair, finish.batch_norm, data, metric);
  return treat_head({pair.dense, normed}, finish.head, data, metric);
}

}  // namespace ncprune
