#include "ncprune/data/split.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/nonzero.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "ncprune/base/error.h"
#include "ncprune/base/log.h"

namespace ncprune {

RowSplit stratified_rows(const at::Tensor& labels, int64_t num_classes, double fraction,
                         Random random) {
  std::vector<at::Tensor> first;
  std::vector<at::Tensor> second;
  for (int64_t c = 0; c < num_classes; ++c) {
    const at::Tensor members = at::nonzero(labels == c).flatten();
    const int64_t n = members.numel();
    if (n == 0) continue;
    const at::Tensor shuffled = members.index_select(0, random.permutation(n));
    const auto wanted = std::llround(static_cast<double>(n) * fraction);
    const int64_t held_out = std::min<int64_t>(wanted, n - 1);
    second.push_back(shuffled.slice(0, 0, held_out));
    first.push_back(shuffled.slice(0, held_out));
  }
  const auto in_order = [](const std::vector<at::Tensor>& parts) {
    return std::get<0>(at::cat(parts).sort());
  };
  return {in_order(first), in_order(second)};
}

RowSplit test_split(const at::Tensor& labels, int64_t num_classes, uint64_t seed,
                    const std::string& where) {
  constexpr double kTestShare = 0.2;
  RowSplit rows = stratified_rows(labels, num_classes, kTestShare, Random(seed).stream("test set"));
  if (rows.second.numel() == 0) {
    throw InputError(
        fmt::format("'{}': too few samples to keep a fifth of every class for testing", where));
  }
  log_info(
      fmt::format("'{}' has no test set: {} of its {} samples, a fifth of every class, become "
                  "one",
                  where, rows.second.numel(), labels.numel()));
  return rows;
}

std::pair<Dataset, Dataset> stratified_split(const Dataset& data, double fraction, Random random) {
  const auto [first, second] =
      stratified_rows(data.labels, data.num_classes(), fraction, std::move(random));
  return {select(data, first), select(data, second)};
}

}  // namespace ncprune
