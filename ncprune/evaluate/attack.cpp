#include "ncprune/evaluate/attack.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/minimum.h>
#include <fmt/format.h>

#include <algorithm>

#include "ncprune/base/error.h"
#include "ncprune/base/random.h"
#include "ncprune/data/read_ahead.h"
#include "ncprune/evaluate/input_gradient.h"
#include "ncprune/model/class_loss.h"
#include "ncprune/model/interpreter.h"

namespace ncprune {
namespace {

// The box to which a sample may be moved.
struct Box {
  at::Tensor low;
  at::Tensor high;

  at::Tensor nearest(const at::Tensor& inputs) const {
    return at::minimum(at::maximum(inputs, low), high);
  }
};

Box box_around(const at::Tensor& inputs, const at::Tensor& radius, const Dataset& data) {
  Box box{inputs - radius, inputs + radius};
  if (data.range) {
    box.low.clamp_(data.range->first, data.range->second);
    box.high.clamp_(data.range->first, data.range->second);
  }
  return box;
}

at::Tensor gradient_sign(const Network& network, const at::Tensor& inputs, const Targets& targets) {
  const InputGradient function(network, inputs);
  return function.by(losses_by_logits(function.logits(), targets)).sign_();
}

// Moves the inputs of `data`, which are in memory.
Dataset moved_by_attack(const Network& network, const Dataset& data, const AttackOptions& options,
                        Random& random) {
  at::Tensor radius = at::full({}, options.epsilon, data.inputs.options());
  if (!data.range) radius = radius * data.inputs.std(0, false);
  std::vector<at::Tensor> moved;
  const int64_t batch = batch_size(network);
  for (const at::Tensor& inputs : data.inputs.split(batch)) {
    const Box box = box_around(inputs, radius, data);
    const int64_t begin = std::ssize(moved) * batch;
    const Targets own = data.targets().of(begin, begin + inputs.size(0));
    if (options.steps == 0) {
      moved.push_back(box.nearest(inputs + radius * gradient_sign(network, inputs, own)));
      continue;
    }
    const at::Tensor step = radius * (2.5 / static_cast<double>(options.steps));
    at::Tensor now =
        box.nearest(inputs + radius * at::empty_like(inputs).uniform_(-1, 1, random.generator()));
    for (int64_t i = 0; i < options.steps; ++i) {
      now = box.nearest(now + step * gradient_sign(network, now, own));
    }
    moved.push_back(now);
  }
  Dataset result = data;
  result.inputs = at::cat(moved);
  return result;
}

Random random_of(const AttackOptions& options) {
  return Random(options.seed).stream("attack");
}

}  // namespace

void require_valid(const AttackOptions& options) {
  if (!(options.epsilon > 0 && options.epsilon <= 1e6)) {
    throw InputError(fmt::format("epsilon {} is outside (0, 1e6]", options.epsilon));
  }
  if (options.steps < 0 || options.steps > 1000) {
    throw InputError(fmt::format("{} steps of an attack; wanted 0 to 1000", options.steps));
  }
}

Dataset attacked(const Network& network, const Dataset& clean, const AttackOptions& options) {
  require_valid(options);
  require_fits(network, clean, network.name);
  Random random = random_of(options);
  return moved_by_attack(network, in_memory(clean), options, random);
}

ClassMetrics evaluate_attacked(const Network& network, const Dataset& clean,
                               const AttackOptions& options) {
  // Without a range the attack needs the deviations over all samples.
  if (!clean.reader || !clean.range) return evaluate(network, attacked(network, clean, options));
  require_valid(options);
  require_fits(network, clean, network.name);
  Random random = random_of(options);
  const int64_t batch = batch_size(network);
  std::vector<at::Tensor> scores;
  ReadAhead inputs(clean, batch);
  for (int64_t begin = 0; begin < clean.size(); begin += batch) {
    Dataset part = clean;
    const Targets own = clean.targets().of(begin, std::min(begin + batch, clean.size()));
    part.labels = own.labels;
    part.label_sets = own.label_sets;
    part.inputs = inputs.next();
    part.reader.reset();
    part.rows.reset();
    scores.push_back(class_scores(network, moved_by_attack(network, part, options, random)));
  }
  return class_metrics(at::cat(scores), clean.targets());
}

}  // namespace ncprune
