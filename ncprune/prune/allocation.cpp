#include "ncprune/prune/allocation.h"

#include <ATen/ops/cat.h>

#include <algorithm>
#include <cmath>

#include "ncprune/prune/pattern.h"

namespace ncprune {
namespace {

using Counts = std::vector<int64_t>;
using Layers = std::vector<LayerScores>;

int64_t total_weights(const Layers& layers) {
  int64_t total = 0;
  for (const LayerScores& layer : layers) total += layer.scores.numel();
  return total;
}

Counts global_counts(const Layers& layers, int64_t keep) {
  std::vector<at::Tensor> flat;
  for (const LayerScores& layer : layers) flat.push_back(layer.scores.flatten());
  const at::Tensor mask = keep_largest(at::cat(flat), keep);
  Counts counts;
  int64_t begin = 0;
  for (const LayerScores& layer : layers) {
    const int64_t end = begin + layer.scores.numel();
    counts.push_back(mask.slice(0, begin, end).sum().item<int64_t>());
    begin = end;
  }
  return counts;
}

Counts uniform_counts(const Layers& layers, int64_t keep) {
  const double density = static_cast<double>(keep) / static_cast<double>(total_weights(layers));
  Counts counts;
  for (const LayerScores& layer : layers) {
    counts.push_back(std::llround(density * static_cast<double>(layer.scores.numel())));
  }
  return counts;
}

// Density ~ sides / weights. A layer that would keep more than it has stays whole and the rest
// share what is left, until none would.
Counts erk_counts(const Layers& layers, int64_t keep) {
  std::vector<bool> whole(layers.size(), false);
  for (;;) {
    double left = static_cast<double>(keep);
    double sides = 0;
    for (size_t l = 0; l < layers.size(); ++l) {
      if (whole[l])
        left -= static_cast<double>(layers[l].scores.numel());
      else
        sides += static_cast<double>(layers[l].sides);
    }
    Counts counts;
    bool settled = true;
    for (size_t l = 0; l < layers.size(); ++l) {
      const auto size = static_cast<double>(layers[l].scores.numel());
      const double share = whole[l] ? size : left * static_cast<double>(layers[l].sides) / sides;
      if (!whole[l] && share > size) {
        whole[l] = true;
        settled = false;
      }
      counts.push_back(std::llround(std::min(share, size)));
    }
    if (settled) return counts;
  }
}

}  // namespace

const std::vector<Allocation>& allocations() {
  static const std::vector<Allocation> table{
      {"erk", "density ~ (outputs + inputs + kernel) / weights",
       "Evci, Gale, Menick, Castro, Elsen 2020", erk_counts},
      {"global", "one ranking over all layers", "Han, Pool, Tran, Dally 2015", global_counts, true},
      {"uniform", "every layer the same density", "", uniform_counts},
  };
  return table;
}

}  // namespace ncprune
