// A convolution with few weights left against LibTorch's dense one (oneDNN): forward, and forward
// and backward with the gradients by picture, weight and bias, alternating; medians of
// processor milliseconds.
//
// sparse_convolution                       a small layer
// sparse_convolution ROUNDS [THREADS]      layers of ResNet-20 and ResNet-50, batches of 64
//
// The sparse one loads a vector for every multiplication of a vector; two loads a cycle are its
// bound, and two loads and two multiplications a cycle the dense one's.
#include <ATen/Parallel.h>
#include <ATen/ops/convolution.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/rand_like.h>
#include <ATen/ops/randn.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

#include <array>
#include <functional>
#include <utility>
#include <vector>

#include "benchmarks/measure.h"
#include "ncprune/base/runtime.h"
#include "ncprune/model/sample_order.h"
#include "ncprune/model/sparse_convolution.h"

namespace ncprune::benchmark {
namespace {

struct Shape {
  int64_t in;
  int64_t out;
  int64_t size;
  int64_t kernel;
};

struct Layer {
  at::Tensor x;
  at::Tensor weight;
  at::Tensor bias;
  Windows windows;
};

Layer layer_of(const Shape& shape, double density, int64_t batch) {
  at::manual_seed(0);
  const int64_t pad = shape.kernel / 2;
  const std::vector<int64_t> ones{1, 1};
  const std::vector<int64_t> pads{pad, pad};
  const at::Tensor weight = at::randn({shape.out, shape.in, shape.kernel, shape.kernel});
  return {at::randn({batch, shape.in, shape.size, shape.size}),
          weight * at::rand_like(weight).lt(density),
          at::randn({shape.out}),
          {{shape.kernel, shape.kernel}, ones, ones, pads, pads, {shape.size, shape.size}}};
}

// Milliseconds of `convolve`, and of it with all gradients.
std::pair<double, double> milliseconds(const Layer& layer,
                                       const std::function<at::Tensor(const Layer&)>& convolve) {
  const double forward = 1e3 * processor_seconds([&] {
                           const at::NoGradGuard no_grad;
                           convolve(layer);
                         });
  const double both =
      1e3 * processor_seconds([&] {
        const at::Tensor y = convolve(layer);
        torch::autograd::grad({y}, {layer.x, layer.weight, layer.bias}, {at::ones_like(y)});
      });
  return {forward, both};
}

at::Tensor sparse(const Layer& layer) {
  return sparse_convolution({layer.x, layer.weight, layer.bias, layer.windows, 1}).y;
}

at::Tensor dense(const Layer& layer) {
  return at::convolution(layer.x, layer.weight, layer.bias, layer.windows.strides,
                         layer.windows.pads_begin, layer.windows.dilations, false, {0, 0}, 1);
}

void compare(const Shape& shape, double density, int64_t batch, int rounds) {
  Layer of_dense = layer_of(shape, density, batch);
  Layer of_sparse = of_dense;
  of_dense.x = with_channels_together(of_dense.x);
  of_sparse.x = with_samples_together(of_sparse.x);
  for (Layer* layer : {&of_dense, &of_sparse}) {
    layer->x = layer->x.detach().requires_grad_();
    layer->weight = layer->weight.detach().clone().requires_grad_();
    layer->bias = layer->bias.detach().clone().requires_grad_();
  }
  std::array<std::vector<double>, 4> times;
  for (int round = 0; round < rounds; ++round) {
    const auto [dense_forward, dense_both] = milliseconds(of_dense, dense);
    const auto [sparse_forward, sparse_both] = milliseconds(of_sparse, sparse);
    const std::array<double, 4> found{dense_forward, sparse_forward, dense_both, sparse_both};
    for (size_t i = 0; i < 4; ++i) times[i].push_back(found[i]);
  }
  const auto at = [&](size_t i) { return median(times[i]); };
  fmt::print(
      "{:4} -> {:4} {:2} x {:2} kernel {} {:3.0f} % left: forward {:7.2f} / {:7.2f} ms, "
      "both {:7.2f} / {:7.2f} ms, {:4.1f} times as fast\n",
      shape.in, shape.out, shape.size, shape.size, shape.kernel, 100 * density, at(0), at(1), at(2),
      at(3), at(2) / at(3));
}

int run(const Arguments& arguments) {
  const auto rounds = static_cast<int>(arguments.integer(1, 1));
  configure_runtime(static_cast<int>(arguments.integer(2, 1)));
  if (arguments.count < 2) {
    compare({8, 8, 8, 3}, 0.1, 16, rounds);
    return 0;
  }
  fmt::print("dense / sparse, {} threads\n", at::get_num_threads());
  for (const Shape& shape :
       {Shape{16, 16, 32, 3}, Shape{32, 32, 16, 3}, Shape{64, 64, 8, 3}, Shape{128, 128, 16, 3},
        Shape{256, 256, 14, 3}, Shape{256, 1024, 14, 1}, Shape{512, 512, 7, 3}}) {
    for (const double density : {0.05, 0.1, 0.2, 0.3}) compare(shape, density, 64, rounds);
  }
  return 0;
}

}  // namespace
}  // namespace ncprune::benchmark

int main(int argc, char** argv) {
  return ncprune::benchmark::run({argc, argv});
}
