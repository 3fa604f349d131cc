#include <algorithm>
#include <cmath>

#include "ncprune/prune/allocation.h"

namespace ncprune::allocations_files {
namespace {

// Density ~ sides / weights. A layer that would keep more weights than it has keeps all, and the
// others share the rest, until no layer exceeds its weights.
std::vector<int64_t> counts_by_shape(const std::vector<LayerScores>& layers, int64_t keep) {
  std::vector<bool> whole(layers.size(), false);
  for (;;) {
    double remaining = static_cast<double>(keep);
    double sides = 0;
    for (size_t l = 0; l < layers.size(); ++l) {
      if (whole[l])
        remaining -= static_cast<double>(layers[l].scores.numel());
      else
        sides += static_cast<double>(layers[l].sides);
    }
    std::vector<int64_t> counts;
    bool settled = true;
    for (size_t l = 0; l < layers.size(); ++l) {
      const auto size = static_cast<double>(layers[l].scores.numel());
      const double share =
          whole[l] ? size : remaining * static_cast<double>(layers[l].sides) / sides;
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

Allocation erk() {
  return {.summary = "density ~ (outputs + inputs + kernel) / weights",
          .source = "Evci, Gale, Menick, Castro, Elsen 2020",
          .kept = counts_by_shape};
}

}  // namespace ncprune::allocations_files
