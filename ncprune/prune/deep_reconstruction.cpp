#include "ncprune/prune/deep_reconstruction.h"

#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>

#include "ncprune/base/log.h"
#include "ncprune/distributed/world.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/stats/pass.h"
#include "ncprune/stats/sampling.h"

namespace ncprune {
namespace {

using Tensors = std::vector<at::Tensor>;

Network in_double(Network network) {
  for (auto& [name, tensor] : network.initializers) {
    if (tensor.is_floating_point()) tensor = tensor.to(at::kDouble);
  }
  return network;
}

// The pre-activations and activations of the layer and of the layers after it.
std::vector<std::string> values_behind(const Network& network, const Layer& layer) {
  constexpr size_t kMaxValues = 20;
  std::vector<std::string> values;
  for (const Layer& other : weight_layers(network)) {
    if (other.node < layer.node) continue;
    for (const std::string& value : {other.output, other.activation}) {
      const bool known = std::find(values.begin(), values.end(), value) != values.end();
      if (!known && values.size() < kMaxValues) values.push_back(value);
    }
  }
  return values;
}

// The sum of squared differences as a function of the layer's stored weight, which holds all groups
// of a convolution.
class Differences {
 public:
  explicit Differences(const DeepReconstruction& task)
      : in_float_(task.pruned),
        dense_(in_double(task.dense)),
        pruned_(in_double(task.pruned)),
        weight_(task.layer.weight),
        data_(at_even_distances(task.data, kSamples)),
        values_(values_behind(task.dense, task.layer)) {}

  double of(const at::Tensor& weight) {
    return summed(weight,
                  [](const at::Tensor&, const Tensors&, const Tensors& errors) {
                    at::Tensor sum = errors.front().square().sum();
                    for (size_t k = 1; k < errors.size(); ++k) sum = sum + errors[k].square().sum();
                    return sum;
                  })
        .item<double>();
  }

  // Half of the gradient.
  at::Tensor gradient(const at::Tensor& weight) {
    return summed(weight, [](const at::Tensor& leaf, const Tensors& values, const Tensors& errors) {
      return torch::autograd::grad(values, {leaf}, errors).front();
    });
  }

  // Half of the Gauss-Newton matrix at `weight` times `direction`.
  at::Tensor product(const at::Tensor& weight, const at::Tensor& direction) {
    return summed(weight, [&](const at::Tensor& leaf, const Tensors& values, const Tensors&) {
      // J^T u is linear in u, and its derivative along the direction is J times it.
      Tensors factors;
      for (const at::Tensor& value : values) {
        factors.push_back(at::zeros_like(value).requires_grad_(true));
      }
      const Tensors transposed =
          torch::autograd::grad(values, {leaf}, factors, /*retain_graph=*/true,
                                /*create_graph=*/true);
      const Tensors images = torch::autograd::grad(transposed, factors, {direction});
      return torch::autograd::grad(values, {leaf}, images).front();
    });
  }

 private:
  static constexpr int64_t kSamples = 512;

  // The sum of `term` over batches, divided by the number of samples. It is given the leaf, the
  // values that depend on it, and their differences from the dense ones.
  template <typename Term>
  at::Tensor summed(const at::Tensor& weight, const Term& term) {
    at::Tensor sum;
    const std::vector<double> alike(static_cast<size_t>(data_.num_classes()), 1);
    for_each_gradient_batch(in_float_, data_, alike, [&](const WeightedBatch& batch) {
      const at::Tensor inputs = batch.inputs.to(at::kDouble);
      const Tensors wanted = run(dense_, inputs, values_);
      const at::AutoGradMode with_gradients(true);
      const at::Tensor leaf = weight.detach().clone().requires_grad_(true);
      pruned_.initializers.at(weight_) = leaf;
      Tensors values;
      Tensors errors;
      const Tensors found = run(pruned_, inputs, values_);
      for (size_t k = 0; k < values_.size(); ++k) {
        if (!found[k].requires_grad()) continue;
        values.push_back(found[k]);
        errors.push_back((found[k] - wanted[k]).detach());
      }
      const at::Tensor own = term(leaf, values, errors).detach();
      sum = sum.defined() ? sum + own : own;
    });
    return sum_found(std::move(sum)).div_(static_cast<double>(data_.size()));
  }

  const Network& in_float_;  // decides the size of batches
  Network dense_;
  Network pruned_;
  std::string weight_;
  Dataset data_;
  std::vector<std::string> values_;
};

double inner_product(const at::Tensor& a, const at::Tensor& b) {
  return (a * b).sum().item<double>();
}

// p with H p = -g on the mask, by conjugate gradients; H is the product of `differences`.
at::Tensor newton_direction(Differences& differences, const at::Tensor& weight,
                            const at::Tensor& gradient, const at::Tensor& mask) {
  constexpr int kIterations = 50;
  constexpr double kTolerance = 1e-4;  // of the remaining gradient's length
  at::Tensor solution = at::zeros_like(gradient);
  at::Tensor residual = -gradient;
  at::Tensor direction = residual;
  double length = inner_product(residual, residual);
  const double enough = kTolerance * kTolerance * length;
  for (int i = 0; i < kIterations && length > enough; ++i) {
    const at::Tensor image = differences.product(weight, direction) * mask;
    const double curvature = inner_product(direction, image);
    if (!(curvature > 0)) break;
    const double step = length / curvature;
    solution = solution + step * direction;
    residual = residual - step * image;
    const double next = inner_product(residual, residual);
    direction = residual + next / length * direction;
    length = next;
  }
  return solution;
}

}  // namespace

at::Tensor reconstruct_deeply(const DeepReconstruction& task) {
  constexpr int kNewtonSteps = 3;
  constexpr int kHalvings = 20;
  constexpr double kArmijo = 1e-5;
  const at::Tensor stored = task.pruned.initializers.at(task.layer.weight).to(at::kDouble);
  const bool blocked = std::any_of(task.pruned.nodes.begin(), task.pruned.nodes.end(),
                                   [](const Node& node) { return node.foreign != nullptr; });
  if (blocked) {
    log_info("ONNX Runtime runs some operators without gradients: the masked weights stay");
    return as_matrix(task.layer, stored);
  }
  at::Tensor mask = at::zeros_like(stored);
  share_of(task.layer, mask, 0).copy_(as_stored(task.layer, task.mask.to(at::kDouble)));
  Differences differences(task);
  at::Tensor weight = stored;
  double loss = differences.of(weight);
  for (int step = 0; step < kNewtonSteps; ++step) {
    const at::Tensor gradient = differences.gradient(weight) * mask;
    const at::Tensor direction = newton_direction(differences, weight, gradient, mask);
    const double slope = 2 * inner_product(gradient, direction);
    if (!(slope < 0)) break;
    double length = 1;
    int halvings = 0;
    at::Tensor moved = weight + direction;
    double found = differences.of(moved);
    while (!(found <= loss + kArmijo * length * slope) && halvings < kHalvings) {
      length /= 2;
      ++halvings;
      moved = weight + length * direction;
      found = differences.of(moved);
    }
    if (!(found < loss)) break;
    weight = moved;
    loss = found;
  }
  return as_matrix(task.layer, weight);
}

}  // namespace ncprune
