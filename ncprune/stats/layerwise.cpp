#include "ncprune/stats/layerwise.h"

#include <algorithm>

namespace ncprune {

LayerwiseMoments::Pass& LayerwiseMoments::pass_of(Measure* how, const MetricOptions& options) {
  const auto found = std::find_if(passes_.begin(), passes_.end(), [&](const Pass& pass) {
    return pass.how == how && pass.options == options;
  });
  return found != passes_.end() ? *found : passes_.emplace_back(Pass{how, options, {}, -1, {}});
}

LayerMoments LayerwiseMoments::measure(Measure* how, const Network& pruned, const Layer& layer,
                                       const MetricOptions& options) {
  Pass& pass = pass_of(how, options);
  const NetworkPair pair{dense_, pruned, &pass.cache};
  if (layer.groups == 1) return how(pair, {layer}, data_, options).front();
  // Pruning one group changes nothing that another one reads.
  if (layer.node != pass.node) {
    std::vector<Layer> all(static_cast<size_t>(layer.groups), layer);
    for (size_t g = 0; g < all.size(); ++g) all[g].group = static_cast<int64_t>(g);
    pass.groups = how(pair, all, data_, options);
    pass.node = layer.node;
  }
  return pass.groups[static_cast<size_t>(layer.group)];
}

LayerMoments LayerwiseMoments::moments(const Network& pruned, const Layer& layer,
                                       const MetricOptions& options) {
  return measure(measure_moments, pruned, layer, options);
}

std::vector<LayerMoments> LayerwiseMoments::moments(const Network& pruned,
                                                    const std::vector<Layer>& layers,
                                                    const MetricOptions& options) {
  PairCache& cache = pass_of(measure_moments, options).cache;
  return measure_moments({dense_, pruned, &cache}, layers, data_, options);
}

LayerMoments LayerwiseMoments::means(const Network& pruned, const Layer& layer,
                                     const MetricOptions& options) {
  return measure(measure_means, pruned, layer, options);
}

}  // namespace ncprune
