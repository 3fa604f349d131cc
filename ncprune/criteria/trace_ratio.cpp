#include <algorithm>
#include <cmath>

#include "ncprune/criteria/criterion.h"

namespace ncprune::criteria_files {
namespace {

at::Tensor score_trace_ratio(const ScoreInput& layer) {
  const at::Tensor& within = layer.statistics.unit_variance;
  const at::Tensor between = centred_means(layer.statistics).square().mean(0);
  const auto units = static_cast<double>(within.size(0));
  const int64_t keep =
      std::clamp<int64_t>(std::llround(layer.options.at("keep") * units), 1, within.size(0));
  // Dinkelbach: the ratio of the units that are best at the last ratio increases until it
  // converges.
  constexpr int kMaxSteps = 100;
  double ratio = 0;
  at::Tensor value;
  for (int step = 0; step < kMaxSteps; ++step) {
    value = between - ratio * within;
    const at::Tensor best = std::get<1>(value.topk(keep));
    const double next = between.index_select(0, best).sum().item<double>() /
                        std::max(within.index_select(0, best).sum().item<double>(), 1e-300);
    if (next <= ratio * (1 + 1e-12)) break;
    ratio = next;
  }
  return whole_neurons(value, layer);
}

}  // namespace

Criterion trace_ratio() {
  return {.name = {},
          .summary =
              "[S_B]_jj - r [S_W]_jj, r the largest tr S_B / tr S_W of any share `keep` of the "
              "units",
          .source = "Hu, Che, Liu, Wan, Hu, Lin, Wang, Zheng 2022 (CATRO)",
          .needs = {Statistic::kUnitVariance},
          .options = {{"keep", 0.1}},
          .whole_neurons = true,
          .degree = 0,
          .score = score_trace_ratio};
}

}  // namespace ncprune::criteria_files
