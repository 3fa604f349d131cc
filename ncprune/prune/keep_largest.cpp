#include "ncprune/prune/keep_largest.h"

#include <ATen/Dispatch.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <span>
#include <vector>

namespace ncprune {
namespace {

// The `keep`-th largest value, 0 < keep < values.size(). Nearly always the answer lies among the
// few values above a bound taken from a sample; one pass finds these, ten times faster than a
// selection among all values. If they are too few, the sample was unlucky and all are searched.
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
  // The first few of the values that equal the threshold stay.
  const int64_t missing = keep - mask.sum().item<int64_t>();
  mask.index_fill_(0, tied.slice(0, 0, missing), true);
  return mask.view_as(scores);
}

}  // namespace ncprune
