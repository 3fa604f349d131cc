#include "ncprune/prune/allocation.h"

#include <ATen/ops/cat.h>

#include <algorithm>
#include <cmath>

#include "ncprune/prune/pattern.h"

namespace ncprune {
namespace {

using Counts = std::vector<int64_t>;
using Scores = std::vector<at::Tensor>;

int64_t total_weights(const Scores& scores) {
  int64_t total = 0;
  for (const at::Tensor& s : scores) total += s.numel();
  return total;
}

Counts global_counts(const Scores& scores, int64_t keep) {
  std::vector<at::Tensor> flat;
  for (const at::Tensor& s : scores) flat.push_back(s.flatten());
  const at::Tensor mask = keep_largest(at::cat(flat), keep);
  Counts counts;
  int64_t begin = 0;
  for (const at::Tensor& s : scores) {
    counts.push_back(mask.slice(0, begin, begin + s.numel()).sum().item<int64_t>());
    begin += s.numel();
  }
  return counts;
}

// The global ranking, but no layer falls below a quarter of its uniform share: scores that assume
// the other weights stay cannot see that the last path is being cut. The other layers pay by their
// size above the floor.
Counts guarded_counts(const Scores& scores, int64_t keep) {
  Counts ranked = global_counts(scores, keep);
  const auto total = static_cast<double>(total_weights(scores));
  std::vector<double> floors;
  double missing = 0;
  double spare = 0;
  for (size_t l = 0; l < scores.size(); ++l) {
    const auto count = static_cast<double>(ranked[l]);
    floors.push_back(0.25 * static_cast<double>(keep) * static_cast<double>(scores[l].numel()) /
                     total);
    missing += std::max(0.0, floors[l] - count);
    spare += std::max(0.0, count - floors[l]);
  }
  if (missing == 0) return ranked;
  Counts counts;
  for (size_t l = 0; l < scores.size(); ++l) {
    const auto count = static_cast<double>(ranked[l]);
    counts.push_back(std::llround(
        count <= floors[l] ? floors[l] : count - missing * (count - floors[l]) / spare));
  }
  return counts;
}

Counts uniform_counts(const Scores& scores, int64_t keep) {
  const double density = static_cast<double>(keep) / static_cast<double>(total_weights(scores));
  Counts counts;
  for (const at::Tensor& s : scores) {
    counts.push_back(std::llround(density * static_cast<double>(s.numel())));
  }
  return counts;
}

// Density ~ (m + d) / (m d). A layer that would keep more than it has stays whole and the rest
// share what is left, until none would.
Counts erk_counts(const Scores& scores, int64_t keep) {
  std::vector<bool> whole(scores.size(), false);
  for (;;) {
    double left = static_cast<double>(keep);
    double perimeter = 0;
    for (size_t l = 0; l < scores.size(); ++l) {
      if (whole[l])
        left -= static_cast<double>(scores[l].numel());
      else
        perimeter += static_cast<double>(scores[l].size(0) + scores[l].size(1));
    }
    Counts counts;
    bool settled = true;
    for (size_t l = 0; l < scores.size(); ++l) {
      const auto size = static_cast<double>(scores[l].numel());
      const double share =
          whole[l] ? size
                   : left * static_cast<double>(scores[l].size(0) + scores[l].size(1)) / perimeter;
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
      {"erk", "density ~ (outputs + inputs) / weights", "Evci, Gale, Menick, Castro, Elsen 2020",
       erk_counts},
      {"global", "one ranking over all layers", "Han, Pool, Tran, Dally 2015", global_counts},
      {"guarded", "one ranking, but a layer keeps at least a quarter of its uniform share",
       "ncprune", guarded_counts},
      {"uniform", "every layer the same density", "", uniform_counts},
  };
  return table;
}

}  // namespace ncprune
