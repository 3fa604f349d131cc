#pragma once

#include <list>
#include <vector>

#include "ncprune/stats/moments.h"

namespace ncprune {

// Measures the layers of a network one after the other, from the input to the output, while the
// layers before them are pruned. Each pass continues where the last one stopped, so that all passes
// together cost about one forward pass of both networks; the groups of a convolution share a pass.
// Keeps up to 0.5 GB of activations for each metric, and as much again for its means.
class LayerwiseMoments {
 public:
  // Both arguments must outlive it.
  LayerwiseMoments(const Network& dense, const Dataset& data) : dense_(dense), data_(data) {}

  // measure_moments(), on enough_per_class() samples, and measure_means() of the pair (dense,
  // pruned), with the same errors. Any order of layers gives the same result; from the input to the
  // output is the cheapest.
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
    int64_t node = -1;                 // the convolution with several groups measured last
    std::vector<LayerMoments> groups;  // of that convolution
  };
  Pass& pass_of(Measure* how, const MetricOptions& options);
  LayerMoments measure(Measure* how, const Network& pruned, const Layer& layer,
                       const MetricOptions& options);

  const Network& dense_;
  const Dataset& data_;
  std::list<Pass> passes_;
};

}  // namespace ncprune
