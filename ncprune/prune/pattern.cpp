#include "ncprune/prune/pattern.h"

#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>

namespace ncprune {
namespace {

// Each row keeps the same number of weights (Wanda compares within an output row).
at::Tensor row_mask(const at::Tensor& scores, int64_t keep) {
  const int64_t rows = scores.size(0);
  const int64_t per_row = std::llround(static_cast<double>(keep) / static_cast<double>(rows));
  const at::Tensor order = std::get<1>(scores.sort(/*stable=*/true, /*dim=*/1, /*descending=*/true))
                               .slice(1, 0, per_row);
  return at::zeros(scores.sizes(), at::TensorOptions(at::kBool)).scatter_(1, order, true);
}

// Whole rows (neurons): the best by their mean score, to the nearest whole number of rows.
at::Tensor neuron_mask(const at::Tensor& scores, int64_t keep) {
  const int64_t rows =
      std::llround(static_cast<double>(keep) / static_cast<double>(scores.size(1)));
  const at::Tensor kept = keep_largest(scores.mean(1), std::min(rows, scores.size(0)));
  return kept.unsqueeze(1).expand_as(scores).contiguous();
}

}  // namespace

at::Tensor keep_largest(const at::Tensor& scores, int64_t keep) {
  const at::TensorOptions options(at::kBool);
  if (keep <= 0) return at::zeros(scores.sizes(), options);
  if (keep >= scores.numel()) return at::ones(scores.sizes(), options);
  const at::Tensor flat = scores.flatten();
  const at::Tensor threshold = std::get<0>(flat.kthvalue(flat.numel() - keep + 1));
  at::Tensor mask = flat > threshold;
  // Of those that equal the threshold the first few stay.
  const at::Tensor tied = (flat == threshold).nonzero().flatten();
  const int64_t missing = keep - mask.sum().item<int64_t>();
  mask.index_fill_(0, tied.slice(0, 0, missing), true);
  return mask.view_as(scores);
}

const std::vector<Pattern>& patterns() {
  static const std::vector<Pattern> table{
      {"layer", "any weights of the layer", keep_largest},
      {"neuron", "whole rows: all weights into a neuron", neuron_mask},
      {"row", "the same number in each row", row_mask},
  };
  return table;
}

}  // namespace ncprune
