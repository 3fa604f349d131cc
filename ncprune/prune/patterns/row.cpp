#include <ATen/ops/zeros.h>

#include <cmath>

#include "ncprune/prune/pattern.h"

namespace ncprune::pattern_kinds_files {
namespace {

// Each row keeps the same number of weights (Wanda compares within an output row).
at::Tensor row_mask(const at::Tensor& scores, int64_t keep) {
  const int64_t rows = scores.size(0);
  const int64_t per_row = std::llround(static_cast<double>(keep) / static_cast<double>(rows));
  const at::Tensor order = std::get<1>(scores.sort(/*stable=*/true, /*dim=*/1, /*descending=*/true))
                               .slice(1, 0, per_row);
  return at::zeros(scores.sizes(), scores.options().dtype(at::kBool)).scatter_(1, order, true);
}

}  // namespace

PatternKind row() {
  return {.usage = "row", .example = "row", .find = [](const std::string& name) {
            return if_named(
                {.name = "row", .summary = "the same number in each row", .mask = row_mask}, name);
          }};
}

}  // namespace ncprune::pattern_kinds_files
