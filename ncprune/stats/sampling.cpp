#include "ncprune/stats/sampling.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>

#include <algorithm>
#include <map>

#include "ncprune/base/random.h"
#include "ncprune/model/cost.h"
#include "ncprune/stats/metric.h"

namespace ncprune {

Dataset at_most_per_class(const Dataset& data, int64_t limit) {
  const std::vector<int64_t> counts = class_counts(data);
  if (std::all_of(counts.begin(), counts.end(), [&](int64_t n) { return n <= limit; })) return data;
  Random random = Random(0).stream("samples of every class");
  std::vector<at::Tensor> kept;
  for (int64_t c = 0; c < data.num_classes(); ++c) {
    const at::Tensor members = class_indices(data, c);
    const at::Tensor order = random.permutation(members.numel());
    kept.push_back(members.index_select(0, order.slice(0, 0, limit)));
  }
  return select(data, at::cat(kept));
}

Dataset at_even_distances(const Dataset& data, int64_t total) {
  const int64_t stride = data.size() / total;
  return stride < 2 ? data : select(data, at::arange(0, data.size(), stride));
}

Dataset some_samples(const Dataset& data, int64_t per_class, double balance) {
  return balance == 1 ? at_most_per_class(data, per_class)
                      : at_even_distances(data, per_class * data.num_classes());
}

WeightedSample weighted_sample(const Dataset& data, int64_t per_class, double balance) {
  WeightedSample sample{at_most_per_class(data, per_class),
                        class_weights(class_counts(data), balance)};
  const std::vector<int64_t> counts = class_counts(sample.samples);
  for (size_t c = 0; c < counts.size(); ++c) {
    if (counts[c] > 0) sample.class_weights[c] /= static_cast<double>(counts[c]);
  }
  return sample;
}

std::vector<int64_t> enough_per_class(const Network& network, const std::vector<Layer>& layers,
                                      int64_t num_classes) {
  constexpr int64_t kRowsPerInput = 8;
  const std::map<std::string, int64_t> rows = rows_per_sample(network);
  int64_t most = 1;
  for (const auto& [weight, its] : rows) most = std::max(most, std::min(its, kRowsPerSample));
  std::vector<int64_t> enough;
  enough.reserve(layers.size());
  for (const Layer& layer : layers) {
    const int64_t own = std::min(rows.at(layer.weight), kRowsPerSample);
    const int64_t few = kRowsPerInput * weight_of(network, layer).size(1) / num_classes;
    enough.push_back(own > 1 ? kRowsPerClass / own
                             : std::clamp(few, kRowsPerClass / most, kRowsPerClass));
  }
  return enough;
}

}  // namespace ncprune
