#include "ncprune/stats/pass.h"

#include <ATen/ops/ones_like.h>
#include <ATen/ops/tensor.h>

#include <algorithm>

#include "ncprune/base/device.h"
#include "ncprune/distributed/world.h"
#include "ncprune/model/interpreter.h"

namespace ncprune {

void for_each_batch(const Network& network, const Dataset& data,
                    const std::vector<double>& class_weights,
                    const std::function<void(const WeightedBatch&)>& visit) {
  const at::NoGradGuard no_grad;
  const int64_t size = batch_size(network);
  const at::Device device = compute_device();
  const at::Tensor weights = at::tensor(class_weights, at::TensorOptions(at::kDouble)).to(device);
  const int64_t all = size * world_size();
  for (int64_t begin = size * world_rank(); begin < data.size(); begin += all) {
    const int64_t end = std::min(begin + size, data.size());
    const at::Tensor labels = data.labels.slice(0, begin, end).to(device);
    visit({prepare_inputs(network, data.inputs.slice(0, begin, end)),
           labels,
           weights.index_select(0, labels),
           begin,
           {}});
  }
}

WeightedBatch by_rows(const WeightedBatch& batch, int64_t per_sample) {
  if (per_sample == 1) return batch;
  const auto repeated = [&](const at::Tensor& t) { return t.repeat_interleave(per_sample); };
  const at::Tensor factors = batch.factors.defined() ? batch.factors : at::ones_like(batch.weights);
  return {batch.inputs, repeated(batch.labels), repeated(batch.weights), batch.begin,
          repeated(factors / static_cast<double>(per_sample))};
}

}  // namespace ncprune
