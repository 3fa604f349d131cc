#include "ncprune/prune/score_difference.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "ncprune/base/device.h"
#include "ncprune/base/random.h"
#include "ncprune/model/interpreter.h"

namespace ncprune {
namespace {

int64_t samples_drawn(const Network& network) {
  return std::min<int64_t>(256, batch_size(network));  // fewer for large images
}

Random drawn_from() {
  return Random(0).stream("random inputs");
}

ScoreDifference difference_of(const at::Tensor& wanted, const at::Tensor& found) {
  const at::Tensor rows = at::isfinite(wanted).all(1).nonzero().flatten();
  if (rows.numel() == 0) return {0, 0};
  const at::Tensor scores = wanted.index_select(0, rows);
  return {(found.index_select(0, rows) - scores).abs().max().item<double>(),
          scores.abs().max().item<double>()};
}

bool takes_whole_number(const Network& network) {
  const auto is_whole = [](const ValueInfo& value) { return !c10::isFloatingType(value.type); };
  return is_whole(network.input) ||
         std::any_of(network.parts.begin(), network.parts.end(), is_whole);
}

}  // namespace

ScoreDifference score_difference(const Network& network, const Network& other) {
  const at::NoGradGuard no_grad;
  std::vector<int64_t> shape;
  for (const int64_t size : network.input.shape) shape.push_back(std::max<int64_t>(size, 1));
  shape.front() = samples_drawn(network);
  Random random = drawn_from();
  at::Tensor inputs = at::zeros(shape).normal_(0, 1, random.generator());
  if (takes_whole_number(network)) inputs = inputs.gt(0).to(at::kFloat);
  inputs = inputs.to(compute_device());
  const auto scores = [&](const Network& any) {
    return run(any, inputs, {logits_value(any)}).front().cpu();
  };
  return difference_of(scores(network), scores(other));
}

ScoreDifference score_difference(const Network& network, const Network& other,
                                 const Dataset& data) {
  const int64_t drawn = samples_drawn(network);
  const at::Tensor known = data.inputs_at(0, 8 * drawn);
  Random random = drawn_from();
  std::vector<int64_t> shape = known.sizes().vec();
  shape.front() = drawn;
  at::Tensor noise = at::zeros(shape, known.options()).normal_(0, 1, random.generator());
  if (takes_whole_number(network)) noise = noise.gt(0).to(known.scalar_type());
  const at::Tensor inputs = at::cat({known, noise});
  return difference_of(logits(network, inputs), logits(other, inputs));
}

}  // namespace ncprune
