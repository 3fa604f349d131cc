#include "ncprune/experiment/judge.h"

#include <ATen/ops/round.h>
#include <ATen/ops/tensor.h>

#include <string_view>

#include "ncprune/evaluate/bootstrap.h"
#include "ncprune/evaluate/separation.h"

namespace ncprune {
namespace {

at::Tensor drawn(const Targets& targets, std::string_view name) {
  constexpr int64_t kResamples = 100;
  Random random = Random(0).stream(name);
  return resampled_shares(targets.labels, kResamples, random);
}

// To 4 decimals, as a database holds many; none when a value is not known.
std::vector<double> resampled_list(const at::Tensor& values) {
  if (values.isnan().any().item<bool>()) return {};
  const at::Tensor rounded = at::round(values, 4);
  const auto all = elements<double>(rounded);
  return {all.begin(), all.end()};
}

}  // namespace

Judge::Judge(const PreparedData& data, std::vector<int64_t> minority, const at::Tensor& reference)
    : test_(data.test.targets()), minority_(std::move(minority)) {
  if (!test_.multi_label()) test_shares_ = drawn(test_, "resampled test samples");
  if (!reference.defined()) return;
  OperatingPoint point{reference, data.validation.targets(), log_prior(class_counts(data.train))};
  if (!point.exists()) return;
  validation_shares_ = drawn(point.targets, "resampled validation samples");
  point_ = std::move(point);
}

ModelResult Judge::result(const std::string& name, const at::Tensor& tested,
                          const at::Tensor& validated) const {
  ModelResult result{.name = name, .clean = class_metrics(tested, test_)};
  if (test_shares_.defined()) {
    result.resampled.minority_auroc =
        resampled_list(resampled_aurocs(tested, test_, minority_, test_shares_));
  }
  if (point_) {
    result.shift = point_->shift(validated);
    result.common = class_metrics(shifted(tested, result.shift, point_->prior), test_);
    const at::Tensor recalls = recalls_at(point_->shifts(validated, validation_shares_), tested,
                                          test_, point_->prior, test_shares_);
    const at::Tensor rare = at::tensor(minority_);
    result.resampled.common_balanced = resampled_list(recalls.nanmean(1));
    result.resampled.common_minority = resampled_list(recalls.index_select(1, rare).nanmean(1));
  }
  return result;
}

}  // namespace ncprune
