#include "ncprune/criteria/criterion.h"

#include <ATen/ops/tensor.h>

#include "ncprune/base/lookup.h"
#include "ncprune/base/spec.h"

namespace ncprune {

Criterion find_criterion(const std::string& spec) {
  const Spec parsed = parse_spec(spec);
  Criterion criterion = find_named(criteria(), parsed.name, "criterion");
  std::vector<std::string> known;
  for (const auto& [name, value] : criterion.options) known.push_back(name);
  parsed.require_known(known);
  for (auto& [name, value] : criterion.options) value = parsed.get_number(name, value);
  return criterion;
}

at::Tensor whole_neurons(const at::Tensor& scores, const ScoreInput& layer) {
  return scores.unsqueeze(1).expand_as(layer.weight).contiguous();
}

at::Tensor present_classes(const at::Tensor& values, const LayerStatistics& statistics) {
  std::vector<int64_t> present;
  for (size_t c = 0; c < statistics.class_counts.size(); ++c) {
    if (statistics.class_counts[c] > 0) present.push_back(static_cast<int64_t>(c));
  }
  return values.index_select(0, at::tensor(present, at::TensorOptions(at::kLong)));
}

at::Tensor centred_means(const LayerStatistics& statistics) {
  const at::Tensor means = present_classes(statistics.unit_means, statistics);
  return means - means.mean(0, true);
}

}  // namespace ncprune
