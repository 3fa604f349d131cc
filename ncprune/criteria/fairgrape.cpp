#include <ATen/ops/zeros.h>

#include "ncprune/criteria/criterion.h"

namespace ncprune::criteria_files {
namespace {

// I_c(w) = w^2 F_c, F_c the Fisher of class c. The next weight is the best one for the class whose
// share of the chosen importance is furthest below its share of the total; ties by lower index. The
// first chosen weight has the highest score.
at::Tensor score_fairgrape(const ScoreInput& layer) {
  const at::Tensor importance =
      (present_classes(layer.statistics.class_fisher, layer.statistics) * layer.weight.square())
          .flatten(1)
          .contiguous();  // [K, m d]
  const int64_t k = importance.size(0);
  const int64_t n = importance.size(1);
  const at::Tensor share = importance.sum(1) / importance.sum().clamp_min(1e-300);
  const at::Tensor ranked =
      std::get<1>(importance.sort(/*stable=*/true, /*dim=*/1, /*descending=*/true)).contiguous();
  const auto value = elements<double>(importance);
  const auto wanted = elements<double>(share);
  const auto rank = elements<int64_t>(ranked);
  at::Tensor order = at::zeros({n}, importance.options());
  const auto chosen = elements<double>(order);
  std::vector<double> held(static_cast<size_t>(k), 0);
  std::vector<size_t> next(static_cast<size_t>(k), 0);
  double total = 0;
  for (int64_t step = n; step > 0; --step) {
    size_t poorest = 0;
    double largest = -1;
    for (size_t c = 0; c < held.size(); ++c) {
      const double deficit = wanted[c] - (total > 0 ? held[c] / total : 0);
      if (deficit > largest) {
        largest = deficit;
        poorest = c;
      }
    }
    const auto at = [&](size_t c, size_t i) { return c * static_cast<size_t>(n) + i; };
    while (chosen[static_cast<size_t>(rank[at(poorest, next[poorest])])] > 0) ++next[poorest];
    const auto best = static_cast<size_t>(rank[at(poorest, next[poorest])]);
    chosen[best] = static_cast<double>(step);
    for (size_t c = 0; c < held.size(); ++c) {
      held[c] += value[at(c, best)];
      total += value[at(c, best)];
    }
  }
  return order.view_as(layer.weight);
}

}  // namespace

Criterion fairgrape() {
  return {
      .name = {},
      .summary =
          "order in which weights are chosen so that every class keeps its share of the importance",
      .source = "Lin, Kim, Joo 2022",
      .needs = {Statistic::kClassFisher},
      .degree = 0,
      .score = score_fairgrape};
}

}  // namespace ncprune::criteria_files
