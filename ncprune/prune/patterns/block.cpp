#include <ATen/ops/ones_like.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <string_view>

#include "ncprune/prune/keep_largest.h"
#include "ncprune/prune/pattern.h"

namespace ncprune::pattern_kinds_files {
namespace {

// Keeps whole blocks with about `keep` weights in total.
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

}  // namespace

PatternKind block() {
  return {.usage = "block:RxC", .example = "block:4x4", .find = [](const std::string& name) {
            constexpr std::string_view kPrefix = "block:";
            if (!name.starts_with(kPrefix)) return std::optional<Pattern>();
            const auto size = two_numbers(name.substr(kPrefix.size()), 'x', name);
            return std::optional(
                Pattern{.name = name,
                        .summary = "whole blocks of neurons by inputs, any block:RxC",
                        .mask = [size](const at::Tensor& scores,
                                       int64_t keep) { return block_mask(scores, keep, size); },
                        .whole = true});
          }};
}

}  // namespace ncprune::pattern_kinds_files
