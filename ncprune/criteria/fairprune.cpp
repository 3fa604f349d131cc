#include <ATen/ops/zeros_like.h>
#include <algorithm>
#include <numeric>

#include "ncprune/criteria/criterion.h"

namespace ncprune::criteria_files {
namespace {

at::Tensor score_fairprune(const ScoreInput& layer) {
  const std::vector<int64_t>& counts = layer.statistics.class_counts;
  const int64_t total = std::accumulate(counts.begin(), counts.end(), int64_t{0});
  at::Tensor rare = at::zeros_like(layer.weight);
  at::Tensor common = at::zeros_like(layer.weight);
  int64_t rare_classes = 0;
  int64_t common_classes = 0;
  for (size_t c = 0; c < counts.size(); ++c) {
    if (counts[c] == 0) continue;
    const bool is_rare = counts[c] * std::ssize(counts) < total;
    (is_rare ? rare : common) += layer.statistics.class_fisher[static_cast<int64_t>(c)];
    ++(is_rare ? rare_classes : common_classes);
  }
  rare /= std::max<int64_t>(rare_classes, 1);
  common /= std::max<int64_t>(common_classes, 1);
  return layer.weight.square() / 2 * (rare - layer.options.at("beta") * common);
}

}  // namespace

Criterion fairprune() {
  return {
      .name = {},
      .summary =
          "w^2 / 2 (F_rare - beta F_common), F the Fisher of the classes rarer than average and "
          "of the others",
      .source = "Wu, Zeng, Xu, Shi, Hu 2022",
      .needs = {Statistic::kClassFisher},
      .options = {{"beta", 0.33}},
      .degree = 2,
      .score = score_fairprune};
}

}  // namespace ncprune::criteria_files
