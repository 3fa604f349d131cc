#include "ncprune/evaluate/input_gradient.h"

#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

#include "ncprune/base/error.h"
#include "ncprune/model/interpreter.h"

namespace ncprune {

InputGradient::InputGradient(const Network& network, const at::Tensor& raw)
    : raw_(raw.detach().clone().requires_grad_(true)) {
  const at::AutoGradMode with_gradients(true);
  tracked_ = run(network, prepare_inputs(network, raw_), {logits_value(network)}).front();
  if (!tracked_.requires_grad() || c10::isIntegralType(network.input.type, false)) {
    throw InputError(
        fmt::format("{}: cannot be differentiated: an operator that ONNX Runtime runs, or one "
                    "without a derivative, is between input and scores, or its input is whole "
                    "numbers",
                    network.name));
  }
  logits_ = tracked_.detach().cpu();
}

at::Tensor InputGradient::by(const at::Tensor& weights) const {
  const at::AutoGradMode with_gradients(true);
  return torch::autograd::grad({tracked_}, {raw_}, {weights.to(tracked_.device())}, true).front();
}

}  // namespace ncprune
