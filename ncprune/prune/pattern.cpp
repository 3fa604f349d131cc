#include "ncprune/prune/pattern.h"

#include <ATen/Dispatch.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <span>

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

// The `keep`-th largest value, 0 < keep < values.size(). Nearly always the answer lies among the
// few values above a bound read off a sample; one pass finds those, ten times faster than sorting
// out all of them. Too few means the sample was unlucky, and all are looked at.
template <typename T>
T kth_largest(std::span<const T> values, int64_t keep) {
  constexpr size_t kStride = 61;  // prime: no row length divides it
  const auto rank_in = [](std::vector<T>& candidates, size_t rank) {
    const auto nth = candidates.begin() + static_cast<std::ptrdiff_t>(rank);
    std::nth_element(candidates.begin(), nth, candidates.end(), std::greater<>());
    return *nth;
  };
  std::vector<T> candidates;
  for (size_t i = 0; i < values.size(); i += kStride) candidates.push_back(values[i]);
  const double expected = static_cast<double>(keep) / kStride;
  const auto rank = static_cast<size_t>(expected + 4 * std::sqrt(expected) + 4);
  const bool sampled = rank < candidates.size();
  if (sampled) {
    const T bound = rank_in(candidates, rank);
    candidates.resize(values.size());
    size_t count = 0;
    for (const T value : values) {  // no branch to mispredict
      candidates[count] = value;
      count += value >= bound ? 1 : 0;
    }
    candidates.resize(count);
  }
  if (std::ssize(candidates) < keep || !sampled) {
    candidates.assign(values.begin(), values.end());
  }
  return rank_in(candidates, static_cast<size_t>(keep) - 1);
}

}  // namespace

at::Tensor keep_largest(const at::Tensor& scores, int64_t keep) {
  const at::TensorOptions options(at::kBool);
  if (keep <= 0) return at::zeros(scores.sizes(), options);
  if (keep >= scores.numel()) return at::ones(scores.sizes(), options);
  const at::Tensor flat = scores.contiguous().flatten();
  at::Tensor mask;
  at::Tensor tied;
  AT_DISPATCH_FLOATING_TYPES(flat.scalar_type(), "keep_largest", [&] {
    const scalar_t threshold = kth_largest<scalar_t>(elements<scalar_t>(flat), keep);
    mask = flat > threshold;
    tied = (flat == threshold).nonzero().flatten();
  });
  // Of those that equal the threshold the first few stay.
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
