#include "ncprune/prune/pattern.h"

#include <ATen/Dispatch.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <span>
#include <string_view>

#include "ncprune/base/error.h"
#include "ncprune/base/lookup.h"
#include "ncprune/base/spec.h"

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

// N of every M neighbours in a row.
at::Tensor group_mask(const at::Tensor& scores, int64_t n, int64_t m) {
  const int64_t rows = scores.size(0);
  const int64_t groups = (scores.size(1) + m - 1) / m;
  at::Tensor padded =
      at::full({rows, groups * m}, -std::numeric_limits<double>::infinity(), scores.options());
  padded.slice(1, 0, scores.size(1)).copy_(scores);
  const at::Tensor order =
      std::get<1>(
          padded.view({rows, groups, m}).sort(/*stable=*/true, /*dim=*/2, /*descending=*/true))
          .slice(2, 0, n);
  return at::zeros({rows, groups, m}, at::TensorOptions(at::kBool))
      .scatter_(2, order, true)
      .view({rows, groups * m})
      .slice(1, 0, scores.size(1))
      .contiguous();
}

// Whole blocks, about `keep` weights in them.
at::Tensor block_mask(const at::Tensor& scores, int64_t keep, std::pair<int64_t, int64_t> size) {
  const int64_t r = size.first;
  const int64_t c = size.second;
  const int64_t down = (scores.size(0) + r - 1) / r;
  const int64_t across = (scores.size(1) + c - 1) / c;
  const auto per_block = [&](const at::Tensor& values) {
    at::Tensor padded = at::zeros({down * r, across * c}, values.options());
    padded.slice(0, 0, values.size(0)).slice(1, 0, values.size(1)).copy_(values);
    return padded.view({down, r, across, c}).sum({1, 3});
  };
  const at::Tensor mean = per_block(scores) / per_block(at::ones_like(scores));
  const auto blocks = static_cast<double>(keep) / static_cast<double>(scores.numel()) *
                      static_cast<double>(down * across);
  return keep_largest(mean, std::llround(blocks))
      .view({down, 1, across, 1})
      .expand({down, r, across, c})
      .reshape({down * r, across * c})
      .slice(0, 0, scores.size(0))
      .slice(1, 0, scores.size(1))
      .contiguous();
}

// "4x8" or "2:4".
std::pair<int64_t, int64_t> two_numbers(const std::string& text, char separator,
                                        const std::string& name) {
  constexpr int64_t kLargest = 1 << 16;
  const std::vector<std::string> parts = split(text, separator);
  const std::string where = fmt::format("pattern '{}'", name);
  if (parts.size() != 2 || text.find(',') != std::string::npos) {  // no lists of numbers
    throw InputError(fmt::format("{}: wanted two numbers with '{}' between", where, separator));
  }
  return {parse_integers(parts[0], where, 1, kLargest).front(),
          parse_integers(parts[1], where, 1, kLargest).front()};
}

constexpr std::string_view kBlock = "block:";

Pattern block_pattern(const std::string& name) {
  const auto size = two_numbers(name.substr(kBlock.size()), 'x', name);
  return {name, "whole blocks of neurons by inputs, any block:RxC",
          [size](const at::Tensor& scores, int64_t keep) { return block_mask(scores, keep, size); },
          true};
}

Pattern group_pattern(const std::string& name) {
  const auto [n, m] = two_numbers(name, ':', name);
  if (n > m) throw InputError(fmt::format("pattern '{}': {} of {} cannot stay", name, n, m));
  const auto mask = [n = n, m = m](const at::Tensor& scores, int64_t) {
    return group_mask(scores, n, m);
  };
  return {name,           "so many of neighbouring inputs of a neuron, any N:M", mask, false, false,
          std::pair(n, m)};
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
      block_pattern("block:4x4"),
      {"layer", "any weights of the layer", keep_largest},
      {"neuron", "whole rows: all weights into a neuron", neuron_mask, true, true},
      {"row", "the same number in each row", row_mask},
      group_pattern("2:4"),
  };
  return table;
}

Pattern find_pattern(const std::string& name) {
  if (name.starts_with(kBlock)) return block_pattern(name);
  if (name.find(':') != std::string::npos) return group_pattern(name);
  return find_named(patterns(), name, "pattern");
}

Pattern zeros_last(Pattern pattern, const at::Tensor& weight) {
  const at::Tensor zero = weight.eq(0);
  if (!zero.any().item<bool>()) return pattern;
  // Below every score, and too small to move the mean of a block.
  constexpr double kBelow = -std::numeric_limits<float>::min();
  const auto inner = pattern.mask;
  pattern.mask = [inner, zero](const at::Tensor& scores, int64_t keep) {
    return inner(scores.masked_fill(zero, kBelow), keep);
  };
  return pattern;
}

}  // namespace ncprune
