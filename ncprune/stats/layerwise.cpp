#include "ncprune/stats/layerwise.h"
#include "ncprune/stats/sampling.h"

#include <algorithm>
#include <map>
#include <utility>

namespace ncprune {
namespace {

// Measures each layer on as many samples as suffice for it: one pass per number of samples.
std::vector<LayerMoments> moments_of_enough(const NetworkPair& pair,
                                            const std::vector<Layer>& layers, const Dataset& data,
                                            const MetricOptions& options) {
  const std::vector<int64_t> enough = enough_per_class(pair.dense, layers, data.num_classes());
  std::map<int64_t, std::vector<size_t>> alike;  // by samples per class
  for (size_t l = 0; l < layers.size(); ++l) alike[enough[l]].push_back(l);
  std::vector<LayerMoments> moments(layers.size());
  for (const auto& [per_class, indices] : alike) {
    std::vector<Layer> own;
    own.reserve(indices.size());
    for (const size_t l : indices) own.push_back(layers[l]);
    std::vector<LayerMoments> measured =
        measure_moments(pair, own, some_samples(data, per_class, options.balance), options);
    for (size_t i = 0; i < indices.size(); ++i) moments[indices[i]] = std::move(measured[i]);
  }
  return moments;
}

}  // namespace

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
  // Pruning one group does not change the inputs of another.
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
  return measure(moments_of_enough, pruned, layer, options);
}

std::vector<LayerMoments> LayerwiseMoments::moments(const Network& pruned,
                                                    const std::vector<Layer>& layers,
                                                    const MetricOptions& options) {
  PairCache& cache = pass_of(moments_of_enough, options).cache;
  return moments_of_enough({dense_, pruned, &cache}, layers, data_, options);
}

LayerMoments LayerwiseMoments::means(const Network& pruned, const Layer& layer,
                                     const MetricOptions& options) {
  return measure(measure_means, pruned, layer, options);
}

}  // namespace ncprune
