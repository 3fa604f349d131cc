#include "ncprune/stats/pass.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/tensor.h>

#include <algorithm>

#include "ncprune/base/device.h"
#include "ncprune/data/read_ahead.h"
#include "ncprune/distributed/world.h"
#include "ncprune/model/interpreter.h"

namespace ncprune {

namespace {

struct WeightedData {
  const Dataset& samples;
  const std::vector<double>& class_weights;
};

using Visit = std::function<void(const WeightedBatch&)>;

// Visits a data set in batches of `size`.
void walk(const Network& network, const WeightedData& data, int64_t size, const Visit& visit) {
  const at::NoGradGuard no_grad;
  const at::Device device = compute_device();
  const at::Tensor weights =
      at::tensor(data.class_weights, at::TensorOptions(at::kDouble)).to(device);
  const int64_t samples = data.samples.size();
  const int64_t all = size * world_size();
  const int64_t first = size * world_rank();
  const int64_t batches = first < samples ? (samples - first + all - 1) / all : 0;
  ReadAhead inputs(data.samples, batches, [&](int64_t i) {
    const int64_t begin = first + i * all;
    return data.samples.inputs_at(begin, std::min(begin + size, samples));
  });
  for (int64_t begin = first; begin < samples; begin += all) {
    const int64_t end = std::min(begin + size, samples);
    const Targets targets = data.samples.targets().of(begin, end).to(device);
    visit({prepare_inputs(network, inputs.next()),
           targets,
           weights.index_select(0, targets.labels),
           begin,
           {}});
  }
}

}  // namespace

void for_each_batch(const Network& network, const Dataset& data,
                    const std::vector<double>& class_weights, const Visit& visit) {
  walk(network, {data, class_weights}, batch_size(network), visit);
}

void for_each_gradient_batch(const Network& network, const Dataset& data,
                             const std::vector<double>& class_weights, const Visit& visit) {
  walk(network, {data, class_weights}, gradient_batch_size(network), visit);
}

WeightedBatch by_rows(const WeightedBatch& batch, int64_t per_sample) {
  if (per_sample == 1) return batch;
  const auto repeated = [&](const at::Tensor& t) { return t.repeat_interleave(per_sample); };
  const at::Tensor samples = at::arange(batch.weights.size(0), batch.targets.labels.options());
  const at::Tensor factors = batch.factors.defined() ? batch.factors : at::ones_like(batch.weights);
  return {batch.inputs, batch.targets.of(repeated(samples)), repeated(batch.weights), batch.begin,
          repeated(factors / static_cast<double>(per_sample))};
}

}  // namespace ncprune
