#include "ncprune/onnx/fixed_batch.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "ncprune/base/error.h"
#include "ncprune/base/tensor.h"
#include "ncprune/model/interpreter.h"

namespace ncprune {
namespace {

// The constant shape of a Reshape, or null.
const at::Tensor* constant_shape(const Network& network, const Node& node) {
  if (node.op_type != "Reshape" || !node.domain.empty() || node.inputs.size() != 2) return nullptr;
  const auto found = network.initializers.find(node.inputs[1]);
  const bool is_shape = found != network.initializers.end() &&
                        found->second.scalar_type() == at::kLong && found->second.dim() == 1 &&
                        found->second.numel() > 0;
  return is_shape ? &found->second : nullptr;
}

bool begins_with(const at::Tensor& shape, int64_t number) {
  return shape[0].item<int64_t>() == number;
}

// Why the network cannot run three samples; empty if it can.
std::string problem_with_three(const Network& network) {
  std::vector<int64_t> shape = network.input.shape;
  shape.front() = 3;
  const at::NoGradGuard no_grad;
  try {
    const at::Tensor zero = at::zeros({});
    const at::Tensor scores = run(network, zero.expand(shape), {network.output.name}).front();
    if (scores.dim() == 2 && scores.size(0) == 3) return "";
    return fmt::format("three samples have {} rows of scores",
                       scores.dim() == 0 ? 1 : scores.size(0));
  } catch (const InputError& error) {
    return error.what();
  }
}

// With an open first number in every constant shape that begins with `batch`: the remaining one,
// or, if another is that already, the first number of the input.
Network with_open_shapes(Network network, int64_t batch) {
  for (Node& node : network.nodes) {
    const at::Tensor* shape = constant_shape(network, node);
    if (shape == nullptr || !begins_with(*shape, batch)) continue;
    const at::Tensor open = shape->clone();
    open[0] = open.lt(0).any().item<bool>() ? 0 : -1;
    node.inputs[1] = fresh_name(network, node.inputs[1]);
    network.initializers[node.inputs[1]] = open;
  }
  return network;
}

}  // namespace

Network open_batch(Network network, int64_t batch) {
  const int64_t fixed = std::max<int64_t>(batch, 1);
  const bool suspicious =
      batch > 0 || std::any_of(network.nodes.begin(), network.nodes.end(), [&](const Node& node) {
        const at::Tensor* shape = constant_shape(network, node);
        return shape != nullptr && begins_with(*shape, fixed);
      });
  if (!suspicious) return network;
  const std::string problem = problem_with_three(network);
  if (problem.empty()) return network;
  Network open = with_open_shapes(network, fixed);
  if (problem_with_three(open).empty()) return open;
  if (batch <= 0) return network;
  throw InputError(fmt::format(
      "is made for {} samples at a time: {}; export it with a free batch axis", fixed, problem));
}

}  // namespace ncprune
