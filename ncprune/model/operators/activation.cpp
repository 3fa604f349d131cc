// Activations: elementwise functions, some with parameters.
#include <ATen/ExpandUtils.h>
#include <ATen/ops/celu.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/elu.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/hardswish.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/mish.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include "ncprune/model/operators.h"

namespace ncprune::operators_files {
namespace {

using Activation = at::Tensor (*)(const Node& node, const at::Tensor& x);

struct Row {
  const char* name;
  const char* summary;
  Activation activate;
};

constexpr Row kRows[] = {
    {"Celu", "",
     [](const Node& n, const at::Tensor& x) { return at::celu(x, n.number("alpha", 1)); }},
    {"Elu", "",
     [](const Node& n, const at::Tensor& x) { return at::elu(x, n.number("alpha", 1)); }},
    {"Gelu", "exact and tanh",
     [](const Node& n, const at::Tensor& x) { return at::gelu(x, n.text("approximate", "none")); }},
    {"HardSigmoid", "",
     [](const Node& n, const at::Tensor& x) {
       return (x * n.number("alpha", 0.2) + n.number("beta", 0.5)).clamp(0, 1);
     }},
    {"HardSwish", "", [](const Node&, const at::Tensor& x) { return at::hardswish(x); }},
    {"LeakyRelu", "",
     [](const Node& n, const at::Tensor& x) { return at::leaky_relu(x, n.number("alpha", 0.01)); }},
    {"Mish", "", [](const Node&, const at::Tensor& x) { return at::mish(x); }},
    {"Relu", "", [](const Node&, const at::Tensor& x) { return at::relu(x); }},
    {"Selu", "",
     [](const Node& n, const at::Tensor& x) {
       return at::elu(x, n.number("alpha", 1.67326319217681884765625),
                      n.number("gamma", 1.05070102214813232421875));
     }},
    {"Shrink", "",
     [](const Node& n, const at::Tensor& x) {
       const double threshold = n.number("lambd", 0.5);
       const double bias = n.number("bias", 0);
       const at::Tensor zero = at::zeros_like(x);
       return at::where(x < -threshold, x + bias, at::where(x > threshold, x - bias, zero))
           .to(x.scalar_type());
     }},
    {"Sigmoid", "", [](const Node&, const at::Tensor& x) { return at::sigmoid(x); }},
    {"Softplus", "", [](const Node&, const at::Tensor& x) { return at::softplus(x); }},
    {"Softsign", "", [](const Node&, const at::Tensor& x) { return x / (1 + x.abs()); }},
    {"Tanh", "", [](const Node&, const at::Tensor& x) { return at::tanh(x); }},
    {"ThresholdedRelu", "", [](const Node& n, const at::Tensor& x) {
       return at::where(x > n.number("alpha", 1), x, at::zeros_like(x));
     }}};

Tensors run_prelu(const Node& node, const Tensors& inputs, const RunMode&) {
  const at::Tensor& x = inputs.at(0);
  const at::Tensor& slope = inputs.at(1);
  if (!at::is_expandable_to(slope.sizes(), x.sizes()))
    refuse(node, "its slopes do not fit its input");
  return {at::where(x < 0, x * slope, x)};
}

Tensors run_clip(const Node&, const Tensors& inputs, const RunMode&) {
  at::Tensor x = inputs.at(0);
  // One bound at a time: LibTorch needs at least one, and both of the same type.
  if (inputs.size() > 1 && inputs[1].defined()) x = x.clamp_min(inputs[1]);
  if (inputs.size() > 2 && inputs[2].defined()) x = x.clamp_max(inputs[2]);
  return {x};
}

}  // namespace

std::vector<Operator> activation() {
  std::vector<Operator> list{{"Clip", "either bound may be omitted", run_clip},
                             {"PRelu", "", run_prelu}};
  for (const Row& row : kRows) {
    const Activation activate = row.activate;
    list.push_back({row.name, row.summary,
                    [activate](const Node& node, const Tensors& inputs, const RunMode&) -> Tensors {
                      return {activate(node, inputs.at(0))};
                    }});
  }
  return list;
}

}  // namespace ncprune::operators_files
