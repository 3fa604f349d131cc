#include "ncprune/prune/head.h"

#include "ncprune/base/lookup.h"
#include "ncprune/stats/sampling.h"

namespace ncprune {

Dataset head_samples(const Dataset& data, const MetricOptions& options) {
  return some_samples(data, kRowsPerClass, options.balance);
}

Network treat_head(const NetworkPair& pair, const std::string& name, const Dataset& data,
                   const MetricOptions& options) {
  return find_named(head_treatments(), name, "head treatment").apply(pair, data, options);
}

}  // namespace ncprune
