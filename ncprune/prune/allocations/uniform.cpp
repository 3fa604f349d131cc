#include <cmath>

#include "ncprune/prune/allocation.h"

namespace ncprune::allocations_files {

Allocation uniform() {
  const auto kept = [](const std::vector<LayerScores>& layers, int64_t keep) {
    int64_t total = 0;
    for (const LayerScores& layer : layers) total += layer.scores.numel();
    const double density = static_cast<double>(keep) / static_cast<double>(total);
    std::vector<int64_t> counts;
    counts.reserve(layers.size());
    for (const LayerScores& layer : layers) {
      counts.push_back(std::llround(density * static_cast<double>(layer.scores.numel())));
    }
    return counts;
  };
  return {.summary = "the same density for every layer", .source = "", .kept = kept};
}

}  // namespace ncprune::allocations_files
