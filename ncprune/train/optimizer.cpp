#include "ncprune/train/optimizer.h"

#include <ATen/Parallel.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_addcdiv.h>
#include <ATen/ops/_foreach_addcmul.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_sqrt.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>
#include <set>

#include "ncprune/base/lookup.h"

namespace ncprune {
namespace {

UpdateScalars sgd_scalars(const OptimizerOptions& options, double learning_rate, int64_t) {
  return {.rate = static_cast<float>(learning_rate),
          .keep = static_cast<float>(options.momentum),
          .gain = 1,
          .l2 = static_cast<float>(options.weight_decay),
          .shrink = 1,
          .keep2 = 0,
          .gain2 = 0,
          .unbias2 = 0,
          .epsilon = 0};
}

UpdateScalars adam_scalars(const OptimizerOptions& options, double learning_rate, int64_t t) {
  constexpr double kBeta1 = 0.9;
  constexpr double kBeta2 = 0.999;
  const auto steps = static_cast<double>(t);
  return {.rate = static_cast<float>(learning_rate / (1 - std::pow(kBeta1, steps))),
          .keep = static_cast<float>(kBeta1),
          .gain = static_cast<float>(1 - kBeta1),
          .l2 = static_cast<float>(options.weight_decay),
          .shrink = 1,
          .keep2 = static_cast<float>(kBeta2),
          .gain2 = static_cast<float>(1 - kBeta2),
          .unbias2 = static_cast<float>(1 / std::sqrt(1 - std::pow(kBeta2, steps))),
          .epsilon = 1e-8F};
}

UpdateScalars adamw_scalars(const OptimizerOptions& options, double learning_rate, int64_t t) {
  UpdateScalars scalars = adam_scalars(options, learning_rate, t);
  scalars.l2 = 0;
  scalars.shrink = static_cast<float>(1 - learning_rate * options.weight_decay);
  return scalars;
}

}  // namespace

const std::vector<OptimizerRule>& optimizers() {
  static const std::vector<OptimizerRule> table{
      {"adam",
       "steps scaled by the running size of gradients; weight decay is added to the gradient",
       "Kingma, Ba 2015", true, adam_scalars, update_adam},
      {"adamw", "adam with weight decay applied to the weights directly", "Loshchilov, Hutter 2019",
       true, adamw_scalars, update_adam},
      {"sgd", "gradient descent with momentum", "Polyak 1964", false, sgd_scalars,
       update_momentum}};
  return table;
}

std::vector<std::string> trainable_initializers(const Network& network) {
  std::set<std::string> fixed;
  for (const Node& node : network.nodes) {
    const bool normalizes = node.op_type == "BatchNormalization";
    if (!normalizes && node.op_type != "Dropout") continue;
    const size_t first = normalizes ? 3 : 1;
    for (size_t i = first; i < node.inputs.size(); ++i) fixed.insert(node.inputs[i]);
  }
  std::vector<std::string> names;
  for (const auto& [name, tensor] : network.initializers) {
    if (tensor.scalar_type() != at::kFloat || tensor.dim() == 0 || fixed.contains(name)) continue;
    names.push_back(name);
  }
  return names;
}

Optimizer::Optimizer(std::string_view name, std::vector<at::Tensor> parameters,
                     const OptimizerOptions& options)
    : rule_(find_named(optimizers(), name, "optimizer")), options_(options) {
  const at::NoGradGuard no_grad;
  for (at::Tensor& parameter : parameters) {
    TORCH_INTERNAL_ASSERT(parameter.is_contiguous() && parameter.scalar_type() == at::kFloat);
    at::Tensor first = at::zeros_like(parameter);
    at::Tensor second = rule_.second_moment ? at::zeros_like(parameter) : at::Tensor();
    states_.push_back({std::move(parameter), std::move(first), std::move(second)});
  }
}

void Optimizer::step(double learning_rate) {
  // Below this, waking a second thread costs more than it saves.
  constexpr int64_t kGrain = 32768;
  const UpdateScalars scalars = rule_.scalars(options_, learning_rate, ++steps_);
  if (!states_.empty() && !states_.front().parameter.device().is_cpu()) {
    step_on_device(scalars);
    return;
  }
  for (const State& state : states_) {
    at::Tensor& gradient = state.parameter.mutable_grad();
    if (!gradient.defined()) continue;
    const at::Tensor contiguous = gradient.contiguous();
    const UpdateArrays arrays{
        .value = state.parameter.data_ptr<float>(),
        .gradient = contiguous.data_ptr<float>(),
        .first = state.first.data_ptr<float>(),
        .second = state.second.defined() ? state.second.data_ptr<float>() : nullptr};
    at::parallel_for(0, state.parameter.numel(), kGrain, [&](int64_t begin, int64_t end) {
      rule_.update(arrays, scalars, begin, end);
    });
    gradient.reset();
  }
}

// The formulas of optimizer_kernels.h; each operation runs on all tensors.
void Optimizer::step_on_device(const UpdateScalars& s) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> values;
  std::vector<at::Tensor> gradients;
  std::vector<at::Tensor> first;
  std::vector<at::Tensor> second;
  for (const State& state : states_) {
    at::Tensor& gradient = state.parameter.mutable_grad();
    if (!gradient.defined()) continue;
    values.push_back(state.parameter);
    gradients.push_back(gradient);
    first.push_back(state.first);
    if (rule_.second_moment) second.push_back(state.second);
    gradient.reset();
  }
  if (values.empty()) return;
  if (s.l2 != 0) at::_foreach_add_(gradients, values, s.l2);
  at::_foreach_mul_(first, s.keep);
  at::_foreach_add_(first, gradients, s.gain);
  if (s.shrink != 1) at::_foreach_mul_(values, s.shrink);
  if (!rule_.second_moment) {
    at::_foreach_add_(values, first, -s.rate);
    return;
  }
  at::_foreach_mul_(second, s.keep2);
  at::_foreach_addcmul_(second, gradients, gradients, s.gain2);
  std::vector<at::Tensor> roots = at::_foreach_sqrt(second);
  at::_foreach_mul_(roots, s.unbias2);
  at::_foreach_add_(roots, s.epsilon);
  at::_foreach_addcdiv_(values, first, roots, -s.rate);
}

}  // namespace ncprune
