#pragma once

#include <list>
#include <vector>

#include "ncprune/stats/moments.h"

namespace ncprune {

// Measures the layers of a network one after the other, from the input to the output, while those
// before them are pruned. Each pass goes on where the last one stopped, so that all of them
// together run about one forward pass of both networks, and the groups of a convolution are
// measured in one. Keeps up to 0.5 GB of activations for each metric, and as much again for its
// means.
class LayerwiseMoments {
 public:
  // Both must outlive it.
  LayerwiseMoments(const Network& dense, const Dataset& data) : dense_(dense), data_(data) {}

  // measure_moments(), on enough_per_class() samples, and measure_means() of the pair (dense,
  // pruned), errors and all. Right in any order; it is this one that costs little.
  LayerMoments moments(const Network& pruned, const Layer& layer, const MetricOptions& options);
  std::vector<LayerMoments> moments(const Network& pruned, const std::vector<Layer>& layers,
                                    const MetricOptions& options);
  LayerMoments means(const Network& pruned, const Layer& layer, const MetricOptions& options);

 private:
  using Measure = std::vector<LayerMoments>(const NetworkPair&, const std::vector<Layer>&,
                                            const Dataset&, const MetricOptions&);
  struct Pass {
    Measure* how;
    MetricOptions options;
    PairCache cache;
    int64_t node = -1;                 // the convolution of several groups that was measured last
    std::vector<LayerMoments> groups;  // of it
  };
  Pass& pass_of(Measure* how, const MetricOptions& options);
  LayerMoments measure(Measure* how, const Network& pruned, const Layer& layer,
                       const MetricOptions& options);

  const Network& dense_;
  const Dataset& data_;
  std::list<Pass> passes_;
};

}  // namespace ncprune
