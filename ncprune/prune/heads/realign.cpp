#include <ATen/ops/cholesky_solve.h>
#include <ATen/ops/linalg_cholesky.h>
#include <ATen/ops/matmul.h>

#include "ncprune/base/error.h"
#include "ncprune/prune/head.h"
#include "ncprune/stats/moments.h"

namespace ncprune::head_treatments_files {
namespace {

Network realigned(const NetworkPair& pair, const Dataset& data, const MetricOptions& options) {
  const Layer head = head_layer(pair.pruned);
  if (data.label_sets.defined()) {
    throw InputError(
        "head realign: a linear discriminant separates classes of which a sample has "
        "one, not labels; wanted keep or refit");
  }
  require_every_class(data, "head realign");
  // Without the class means the metric is the within-class scatter alone.
  MetricOptions scatter_only = options;
  scatter_only.kappa = 0;
  const LayerMoments moments =
      measure_moments({pair.pruned, pair.pruned}, {head}, head_samples(data, options), scatter_only)
          .front();
  const at::Tensor factor = at::linalg_cholesky(damped(moments.metric, options.damping));
  const at::Tensor weight = at::cholesky_solve(moments.class_means.t(), factor).t();
  Network network = pair.pruned;
  set_weight(network, head, weight);
  set_bias(network, head, -0.5 * (weight * moments.class_means).sum(1));
  return network;
}

}  // namespace

HeadTreatment realign() {
  return {.summary = "the balanced linear discriminant of the last features",
          .source = "Fisher 1936; NC3, NC4",
          .apply = realigned};
}

}  // namespace ncprune::head_treatments_files
