#include "ncprune/prune/keep_largest.h"

#include <ATen/Dispatch.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <span>
#include <vector>

namespace ncprune {
namespace {

// The value of rank `rank` (0: the largest) of `values`, of which it puts the larger ones in front.
template <typename T>
T of_rank(std::span<T> values, int64_t rank) {
  const auto nth = values.begin() + rank;
  std::nth_element(values.begin(), nth, values.end(), std::greater<>());
  return *nth;
}

// The `keep`-th largest value, 0 < keep < values.size(). Nearly always it lies among the few values
// between two bounds taken from a sample; one pass finds these, ten times faster than a selection
// among all values. If it does not, the sample was unlucky and all are searched.
template <typename T>
T kth_largest(std::span<const T> values, int64_t keep) {
  constexpr size_t kStride = 61;  // prime: no row length divides it
  std::vector<T> sample;
  for (size_t i = 0; i < values.size(); i += kStride) sample.push_back(values[i]);
  const double expected = static_cast<double>(keep) / kStride;
  const double margin = 4 * std::sqrt(expected) + 4;
  const auto upper = static_cast<int64_t>(expected - margin);
  const auto lower = static_cast<int64_t>(expected + margin);
  if (lower < std::ssize(sample)) {
    const T low = of_rank(std::span(sample), lower);
    const std::span larger(sample.data(), static_cast<size_t>(lower));
    const T high = upper < 0 ? std::numeric_limits<T>::infinity() : of_rank(larger, upper);
    std::vector<T> candidates(values.size());
    size_t count = 0;
    int64_t above = 0;
    for (const T value : values) {  // no branch to mispredict
      candidates[count] = value;
      const auto higher = static_cast<unsigned>(value > high);
      above += higher;
      count += static_cast<unsigned>(value >= low) - higher;
    }
    candidates.resize(count);
    const int64_t rank = keep - 1 - above;
    if (rank >= 0 && rank < std::ssize(candidates)) return of_rank(std::span(candidates), rank);
  }
  std::vector<T> all(values.begin(), values.end());
  return of_rank(std::span(all), keep - 1);
}

// Sets `mask` where `values` has its `keep` largest elements.
template <typename T>
void mark_largest(std::span<const T> values, int64_t keep, bool* mask) {
  const T threshold = kth_largest(values, keep);
  int64_t missing = keep;
  for (size_t i = 0; i < values.size(); ++i) {
    mask[i] = values[i] > threshold;
    missing -= mask[i] ? 1 : 0;
  }
  // The first few of the values that equal the threshold stay.
  for (size_t i = 0; missing > 0 && i < values.size(); ++i) {
    if (values[i] != threshold) continue;
    mask[i] = true;
    --missing;
  }
}

// By operations that every device has.
at::Tensor keep_largest_on_device(const at::Tensor& scores, int64_t keep) {
  const at::Tensor flat = scores.flatten();
  const at::Tensor threshold = std::get<0>(flat.topk(keep, 0, true, /*sorted=*/false)).min();
  const at::Tensor above = flat.gt(threshold);
  const at::Tensor equal = flat.eq(threshold);
  const at::Tensor missing = keep - above.sum();
  return above.logical_or_(equal.logical_and(equal.cumsum(0).le(missing))).view(scores.sizes());
}

}  // namespace

at::Tensor keep_largest(const at::Tensor& scores, int64_t keep) {
  const at::TensorOptions options = scores.options().dtype(at::kBool);
  if (keep <= 0) return at::zeros(scores.sizes(), options);
  if (keep >= scores.numel()) return at::ones(scores.sizes(), options);
  if (!scores.is_cpu()) return keep_largest_on_device(scores, keep);
  const at::Tensor ordered = scores.contiguous();
  at::Tensor mask = at::empty(scores.sizes(), options);
  AT_DISPATCH_FLOATING_TYPES(ordered.scalar_type(), "keep_largest", [&] {
    mark_largest<scalar_t>(elements<scalar_t>(ordered), keep, mask.data_ptr<bool>());
  });
  return mask;
}

}  // namespace ncprune
