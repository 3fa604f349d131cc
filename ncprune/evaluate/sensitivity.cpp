#include "ncprune/evaluate/sensitivity.h"

#include <ATen/ops/bmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/linalg_qr.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/where.h>
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "ncprune/base/error.h"
#include "ncprune/base/no_value.h"
#include "ncprune/base/random.h"
#include "ncprune/data/read_ahead.h"
#include "ncprune/evaluate/input_gradient.h"
#include "ncprune/model/class_loss.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/stats/sampling.h"

namespace ncprune {
namespace {

constexpr int64_t kProjections = 32;
// Euclidean norm of every sample; [B].
at::Tensor norms(const at::Tensor& values) {
  return values.to(at::kDouble).flatten(1).norm(2, 1);
}

// Means over the samples of each class, and over the classes; NaN in `values` [N] is skipped.
Sensitivity by_class(std::string name, std::string summary, const at::Tensor& values,
                     const Dataset& data) {
  Sensitivity measure{std::move(name), std::move(summary), {}, kNoValue};
  double sum = 0;
  int64_t present = 0;
  for (int64_t c = 0; c < data.num_classes(); ++c) {
    const at::Tensor own = values.masked_select(data.labels.eq(c).logical_and(values.isfinite()));
    measure.classes.push_back(own.numel() > 0 ? own.mean().item<double>() : kNoValue);
    if (own.numel() == 0) continue;
    sum += measure.classes.back();
    ++present;
  }
  if (present > 0) measure.mean = sum / static_cast<double>(present);
  return measure;
}

// One column per measure: absolute and relative for the softmax and for the logits, then the
// predecessor's; [B, 5].
at::Tensor noise_measures(const Network& network, const at::Tensor& inputs, const at::Tensor& e,
                          Labelling labelling) {
  const at::Tensor before = logits(network, inputs).to(at::kDouble);
  const at::Tensor after = logits(network, inputs + e).to(at::kDouble);
  const at::Tensor size = norms(inputs);
  const at::Tensor noise = norms(e);
  std::vector<at::Tensor> columns;
  for (const bool shares : {true, false}) {
    const at::Tensor f = shares ? probabilities(before, labelling) : before;
    const at::Tensor moved = norms((shares ? probabilities(after, labelling) : after) - f);
    columns.push_back(moved / noise);
    columns.push_back((moved / norms(f)) / (noise / size));
  }
  const at::Tensor change = probabilities(after, labelling) - probabilities(before, labelling);
  columns.push_back(change.abs().mean(1) / size);
  return at::stack(columns, 1);
}

// Orthonormal rows [P, K] on which the logits are projected; complete if there are few classes.
at::Tensor projections(int64_t classes, Random& random) {
  if (classes <= kProjections) return at::eye(classes);
  const at::Tensor normal = at::empty({classes, kProjections}).normal_(0, 1, random.generator());
  return std::get<0>(at::linalg_qr(normal)).t().contiguous();
}

// ||J|| and the slope of the steepest step of every sample; [B, 2].
at::Tensor derivative_measures(const Network& network, const at::Tensor& inputs,
                               const at::Tensor& directions) {
  const InputGradient function(network, inputs);
  const int64_t classes = function.logits().size(1);
  std::vector<at::Tensor> rows;
  for (const at::Tensor& direction : directions.unbind()) {
    rows.push_back(function.by(direction.expand({inputs.size(0), classes})).flatten(1));
  }
  const at::Tensor j = at::stack(rows, 1).to(at::kDouble);  // [B, P, D]
  const auto [values, vectors] = at::linalg_eigh(at::bmm(j, j.transpose(1, 2)));
  const double scale = static_cast<double>(classes) / static_cast<double>(directions.size(0));
  const at::Tensor frobenius = (values.clamp_min(0).sum(1) * scale).sqrt();
  // The right singular vector of the largest singular value.
  const at::Tensor steepest = at::bmm(vectors.select(2, -1).unsqueeze(1), j).squeeze(1);  // [B, D]
  const at::Tensor length = steepest.norm(2, 1, true).clamp_min(1e-300);
  const at::Tensor step = (0.01 * norms(inputs).unsqueeze(1) * steepest / length)
                              .to(inputs.scalar_type())
                              .view_as(inputs);
  const at::Tensor moved = norms(logits(network, inputs + step) - function.logits());
  return at::stack({frobenius, moved / norms(step)}, 1);
}

}  // namespace

void require_valid(const SensitivityOptions& options) {
  if (!(options.sigma > 0 && options.sigma <= 1e6)) {
    throw InputError(fmt::format("sigma {} is outside (0, 1e6]", options.sigma));
  }
  if (options.draws < 1 || options.draws > 1000) {
    throw InputError(fmt::format("{} draws of the noise; wanted 1 to 1000", options.draws));
  }
  if (options.per_class < 1 || options.per_class > 1'000'000) {
    throw InputError(fmt::format("{} samples of a class; wanted 1 to 1000000", options.per_class));
  }
}

std::vector<Sensitivity> measure_sensitivity(const Network& network, const Dataset& data,
                                             const SensitivityOptions& options) {
  require_valid(options);
  require_fits(network, data, network.name);
  Random random = Random(options.seed).stream("sensitivity");
  std::vector<at::Tensor> parts;
  const int64_t batch = batch_size(network);
  ReadAhead all_inputs(data, batch);
  for (int64_t begin = 0; begin < data.size(); begin += batch) {
    const at::Tensor inputs = all_inputs.next();
    at::Tensor sum;
    for (int64_t i = 0; i < options.draws; ++i) {
      const at::Tensor e = at::empty_like(inputs).normal_(0, options.sigma, random.generator());
      const at::Tensor measured = noise_measures(network, inputs, e, labelling_of(data.targets()));
      sum = sum.defined() ? sum + measured : measured;
    }
    parts.push_back(sum / static_cast<double>(options.draws));
  }
  const at::Tensor noise = at::cat(parts);

  const Dataset few = at_most_per_class(data, options.per_class);
  const at::Tensor directions = projections(data.num_scores(), random);
  parts.clear();
  ReadAhead few_inputs(few, batch);
  for (int64_t begin = 0; begin < few.size(); begin += batch) {
    const at::Tensor inputs = few_inputs.next();
    parts.push_back(derivative_measures(network, inputs, directions));
  }
  const at::Tensor derivatives = at::cat(parts);
  return {
      by_class("shares", "softmax, per unit of noise", noise.select(1, 0), data),
      by_class("shares-relative", "both relative to their size", noise.select(1, 1), data),
      by_class("logits", "logits, per unit of noise", noise.select(1, 2), data),
      by_class("logits-relative", "both relative to their size", noise.select(1, 3), data),
      by_class("shares-by-size", "the predecessor's", noise.select(1, 4), data),
      by_class("jacobian", "Frobenius norm", derivatives.select(1, 0), few),
      by_class("lipschitz", "the steepest short step", derivatives.select(1, 1), few),
  };
}

}  // namespace ncprune
