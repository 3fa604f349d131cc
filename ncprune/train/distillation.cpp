#include "ncprune/train/distillation.h"

#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ncprune/base/device.h"
#include "ncprune/base/error.h"
#include "ncprune/model/fuse_convolutions.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/model/layers.h"
#include "ncprune/train/loss.h"

namespace ncprune {
void require_valid(const Distillation& options) {
  const auto require = [](bool valid, const char* name, double given, const char* wanted) {
    if (!valid) throw InputError(fmt::format("{} is {}; wanted {}", name, given, wanted));
  };
  const auto require_weight = [&](const char* name, double weight) {
    require(std::isfinite(weight) && weight >= 0, name, weight, "0 or more");
  };
  require_weight("distillation's weight of logits", options.logits);
  require_weight("distillation's weight of features", options.features);
  require_weight("distillation's weight of labels", options.labels);
  require(std::isfinite(options.temperature) && options.temperature > 0, "temperature",
          options.temperature, "a positive number");
  require(options.balance >= 0 && options.balance <= 1, "distillation's balance", options.balance,
          "a number in [0, 1]");
  if (options.logits == 0 && options.features == 0) {
    throw InputError("the teacher has weight 0; wanted a positive weight of logits or features");
  }
}

DistillationLoss::DistillationLoss(const Distillation& options, const Network& student,
                                   const Dataset& training, const std::vector<int64_t>& shares,
                                   bool augmented)
    : teacher_(clone(with_convolutions_fused(options.teacher), compute_device())),
      temperature_(options.temperature),
      logits_weight_(options.logits),
      features_weight_(options.features) {
  const Network& teacher = options.teacher;
  const Dataset& seen = options.seen ? *options.seen : training;
  require_fits(teacher, seen, "the teacher");
  const auto as_tensor = [](const std::vector<int64_t>& counts) {
    const std::vector<double> doubles(counts.begin(), counts.end());
    return at::tensor(doubles, at::kDouble).clamp_min(1);
  };
  const at::Tensor draws = as_tensor(shares);
  const at::Tensor class_weights = weights_of_mean_one(draws.pow(-options.balance), draws);
  weights_ = class_weights.index_select(0, training.labels);
  labelling_ = labelling_of(training.targets());
  if (options.logits > 0 && !augmented) softened_ = logits(teacher, seen) / temperature_;
  if (options.features == 0) return;
  teacher_features_value_ = head_layer(teacher).input;
  features_ = value_of_all(teacher, teacher_features_value_, seen);
  const Layer head = head_layer(student);
  const int64_t width = weight_of(student, head).size(1);
  if (features_.size(1) != width) {
    throw InputError(
        fmt::format("the network has {} last features and the teacher {}: they cannot be compared",
                    width, features_.size(1)));
  }
  features_value_ = head.input;
  const at::Tensor per_draw = class_weights * draws / as_tensor(class_counts(training));
  const at::Tensor squares = features_.to(at::kDouble).square().sum(1);
  const at::Tensor mean = (squares * per_draw.index_select(0, training.labels)).mean();
  features_weight_ /= std::max(mean.item<double>(), 1e-30);
}

Lesson DistillationLoss::lesson_of(const at::Tensor& indices) const {
  const auto of_batch = [&](const at::Tensor& of_all) {
    return of_all.defined() ? of_all.index_select(0, indices).to(compute_device()) : of_all;
  };
  return {of_batch(softened_), of_batch(features_)};
}

Lesson DistillationLoss::ask(const at::Tensor& changed) const {
  const at::NoGradGuard no_grad;
  std::vector<std::string> wanted{logits_value(teacher_)};
  if (features_.defined()) wanted.push_back(teacher_features_value_);
  const std::vector<at::Tensor> values = run(teacher_, prepare_inputs(teacher_, changed), wanted);
  return {logits_weight_ > 0 ? values.front() / temperature_ : at::Tensor(),
          features_.defined() ? values.back() : at::Tensor()};
}

at::Tensor DistillationLoss::operator()(const Lesson& lesson, const StudentBatch& batch) const {
  const auto& [softened, features] = lesson;
  at::Tensor per_sample;
  if (softened.defined()) {
    per_sample = logits_weight_ * temperature_ * temperature_ *
                 divergences(softened, batch.logits / temperature_, labelling_);
  }
  if (features.defined()) {
    const at::Tensor distance = (batch.features - features).square().sum(1);
    per_sample = per_sample.defined() ? per_sample + features_weight_ * distance
                                      : features_weight_ * distance;
  }
  return (per_sample * weights_.index_select(0, batch.indices).to(batch.logits.device())).mean();
}

}  // namespace ncprune
