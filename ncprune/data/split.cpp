#include "ncprune/data/split.h"

#include <ATen/ops/cat.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace ncprune {

std::pair<Dataset, Dataset> stratified_split(const Dataset& data, double fraction, Random random) {
  std::vector<at::Tensor> first;
  std::vector<at::Tensor> second;
  for (int64_t c = 0; c < data.num_classes(); ++c) {
    const at::Tensor members = class_indices(data, c);
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
  return {select(data, in_order(first)), select(data, in_order(second))};
}

}  // namespace ncprune
