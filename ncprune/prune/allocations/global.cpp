#include <ATen/ops/cat.h>

#include "ncprune/prune/allocation.h"
#include "ncprune/prune/keep_largest.h"

namespace ncprune::allocations_files {

Allocation global() {
  const auto kept = [](const std::vector<LayerScores>& layers, int64_t keep) {
    std::vector<at::Tensor> flat;
    flat.reserve(layers.size());
    for (const LayerScores& layer : layers) flat.push_back(layer.scores.flatten());
    const at::Tensor mask = keep_largest(at::cat(flat), keep);
    std::vector<int64_t> counts;
    int64_t begin = 0;
    for (const LayerScores& layer : layers) {
      const int64_t end = begin + layer.scores.numel();
      counts.push_back(mask.slice(0, begin, end).sum().item<int64_t>());
      begin = end;
    }
    return counts;
  };
  return {.summary = "one ranking over all layers",
          .source = "Han, Pool, Tran, Dally 2015",
          .kept = kept,
          .reads_scores = true};
}

}  // namespace ncprune::allocations_files
