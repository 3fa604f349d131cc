#include "ncprune/stats/metric_pass.h"

#include "ncprune/data/noise.h"
#include "ncprune/model/class_loss.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/stats/class_sums.h"

namespace ncprune {
namespace {

// The weight of each sample within its class, [N], mean 1 in every class; undefined: all equal.
at::Tensor margin_factors(const Network& dense, const Dataset& data, double margin) {
  if (margin == 0) return {};
  const Labelling labelling = labelling_of(data.targets());
  const at::Tensor p = probabilities(logits(dense, data).to(at::kDouble), labelling);
  const at::Tensor undecided = undecidedness(p, labelling) + 1e-12;
  const int64_t k = data.num_classes();
  const at::Tensor count = data.labels.bincount({}, k).clamp_min(1);
  const at::Tensor mean =
      class_sums(undecided.unsqueeze(1), {data.labels, k, {}}).squeeze(1) / count;
  return (1 - margin) + margin * undecided / mean.index_select(0, data.labels);
}

}  // namespace

void for_each_metric_batch(const NetworkPair& pair, const Dataset& data,
                           const SampleWeighting& weighting,
                           const std::function<void(const MetricBatch&)>& visit) {
  const MetricOptions& options = weighting.options;
  const at::Tensor factors = margin_factors(pair.dense, data, options.margin);
  const bool noisy = options.noise > 0;
  const Dataset seen = noisy ? with_gaussian_noise(data, options.noise, 0) : Dataset{};
  for_each_batch(pair.dense, data, weighting.class_weights, [&](const WeightedBatch& clean) {
    WeightedBatch batch = clean;
    const int64_t end = batch.begin + batch.targets.labels.size(0);
    if (factors.defined()) {
      batch.factors = factors.slice(0, batch.begin, end).to(batch.targets.labels.device());
    }
    if (noisy) batch.inputs = prepare_inputs(pair.pruned, seen.inputs_at(batch.begin, end));
    visit({batch, clean.inputs});
  });
}

}  // namespace ncprune
