#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <limits>

#include "ncprune/base/error.h"
#include "ncprune/prune/pattern.h"

namespace ncprune::pattern_kinds_files {
namespace {

// Keeps N of every M neighbours in a row.
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
  return at::zeros({rows, groups, m}, scores.options().dtype(at::kBool))
      .scatter_(2, order, true)
      .view({rows, groups * m})
      .slice(1, 0, scores.size(1))
      .contiguous();
}

}  // namespace

PatternKind n_of_m() {
  return {.usage = "N:M", .example = "2:4", .find = [](const std::string& name) {
            const bool numbers = !name.empty() && name[0] >= '0' && name[0] <= '9';
            if (!numbers || name.find(':') == std::string::npos) return std::optional<Pattern>();
            const auto [n, m] = two_numbers(name, ':', name);
            if (n > m) {
              throw InputError(fmt::format("pattern '{}': {} of {} cannot stay", name, n, m));
            }
            return std::optional(
                Pattern{.name = name,
                        .summary = "N of every M neighbouring inputs of a neuron, any N:M",
                        .mask = [n = n, m = m](const at::Tensor& scores,
                                               int64_t) { return group_mask(scores, n, m); },
                        .group = std::pair(n, m)});
          }};
}

}  // namespace ncprune::pattern_kinds_files
