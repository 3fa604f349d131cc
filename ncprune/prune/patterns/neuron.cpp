#include <algorithm>
#include <cmath>

#include "ncprune/prune/keep_largest.h"
#include "ncprune/prune/pattern.h"

namespace ncprune::pattern_kinds_files {
namespace {

// Keeps the whole rows (neurons) with the largest mean scores, to the nearest number of rows.
at::Tensor neuron_mask(const at::Tensor& scores, int64_t keep) {
  const int64_t rows =
      std::llround(static_cast<double>(keep) / static_cast<double>(scores.size(1)));
  const at::Tensor kept = keep_largest(scores.mean(1), std::min(rows, scores.size(0)));
  return kept.unsqueeze(1).expand_as(scores).contiguous();
}

}  // namespace

PatternKind neuron() {
  return {.usage = "neuron", .example = "neuron", .find = [](const std::string& name) {
            return if_named({.name = "neuron",
                             .summary = "whole rows: all weights into a neuron",
                             .mask = neuron_mask,
                             .whole = true,
                             .neurons = true},
                            name);
          }};
}

}  // namespace ncprune::pattern_kinds_files
