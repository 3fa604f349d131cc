#include "ncprune/prune/head.h"

#include <ATen/ops/cholesky_solve.h>
#include <ATen/ops/linalg_cholesky.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones_like.h>

#include "ncprune/base/lookup.h"
#include "ncprune/prune/layer_update.h"
#include "ncprune/stats/pass.h"

namespace ncprune {
namespace {

// What a head is made of: the classes' means decide everything, so more samples than moments need.
Dataset head_samples(const Dataset& data, const MetricOptions& options) {
  return some_samples(data, kRowsPerClass, options.balance);
}

Network realigned(const NetworkPair& pair, const Layer& head, const Dataset& data,
                  const MetricOptions& options) {
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

const std::vector<HeadTreatment>& head_treatments() {
  static const std::vector<HeadTreatment> table{
      {"keep", "the trained head as it is", ""},
      {"realign", "the balanced linear discriminant of the last features", "Fisher 1936; NC3, NC4"},
      {"refit", "least squares to the dense network's class scores", ""},
  };
  return table;
}

Network treat_head(const NetworkPair& pair, const std::string& name, const Dataset& data,
                   const MetricOptions& options) {
  find_named(head_treatments(), name, "head treatment");
  if (name == "keep") return pair.pruned;
  const Layer head = head_layer(pair.pruned);
  if (name == "realign") return realigned(pair, head, data, options);
  const LayerMoments moments =
      measure_moments(pair, {head}, head_samples(data, options), options).front();
  Network network = pair.pruned;
  const at::Tensor weight = weight_of(pair.pruned, head);
  update_layer(network, head, {moments, at::ones_like(weight, at::kBool), options.damping});
  return network;
}

}  // namespace ncprune
