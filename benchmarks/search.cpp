// How long the search for the weights of one layer takes, and how good it is.
//
// search                             a small layer, briefly
// search OUTPUTS INPUTS SPARSITY...  layers of that size. One line for each sparsity: processor
//                                    seconds of the search, and the error after least squares on
//                                    its mask, as a share of the output's second moment
//
// Inputs are rectified mixtures of fewer sources, twice as many samples as inputs.
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <fmt/format.h>

#include <cstdlib>

#include "benchmarks/measure.h"
#include "ncprune/base/runtime.h"
#include "ncprune/prune/reconstruction.h"

namespace {

ncprune::LayerProblem problem_of(int64_t outputs, int64_t inputs) {
  ncprune::Random random(1);
  const auto normal = [&](at::IntArrayRef shape) {
    return at::empty(shape, at::kFloat).normal_(0, 1, random.generator());
  };
  const int64_t sources = std::max<int64_t>(1, inputs / 4);
  const at::Tensor samples =
      (at::matmul(normal({2 * inputs, sources}), normal({sources, inputs})) +
       std::sqrt(static_cast<double>(sources)) * 0.5 * normal({2 * inputs, inputs}))
          .relu_();
  ncprune::LayerMoments moments;
  moments.metric = at::matmul(samples.t(), samples).div_(samples.size(0)).to(at::kDouble);
  const at::Tensor weight = normal({outputs, inputs}).to(at::kDouble);
  moments.cross = at::matmul(weight, moments.metric);
  return ncprune::LayerProblem::of(moments, weight, ncprune::MetricOptions{}.damping);
}

// The share of the output's second moment that weights on `mask` do not give.
double error_of(const ncprune::LayerProblem& problem, const at::Tensor& mask) {
  const at::Tensor found = ncprune::least_squares(problem, mask);
  const at::Tensor everything = at::ones(mask.sizes(), at::kBool);
  const at::Tensor dense = ncprune::least_squares(problem, everything);
  const auto energy = [&](const at::Tensor& weight) {
    return (at::matmul(weight, problem.metric) * weight).sum().item<double>();
  };
  return energy(dense - found) / energy(dense);
}

void measure(int64_t outputs, int64_t inputs, const std::vector<double>& sparsities) {
  const ncprune::LayerProblem problem = problem_of(outputs, inputs);
  const ncprune::Pattern pattern = ncprune::find_pattern("layer");
  for (const double sparsity : sparsities) {
    const auto keep = std::llround((1 - sparsity) * static_cast<double>(problem.cross.numel()));
    at::Tensor mask;
    const double seconds = ncprune::benchmark::processor_seconds([&] {
      mask = ncprune::search_support(problem, {pattern, keep, at::ones({outputs}, at::kDouble)});
    });
    fmt::print("{} x {} at {:.3g} %: {:.2f} s, error {:.5f}\n", outputs, inputs, 100 * sparsity,
               seconds, error_of(problem, mask));
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  ncprune::configure_runtime(1);
  const at::NoGradGuard no_grad;
  if (argc < 4) {
    measure(30, 50, {0.9});
    return 0;
  }
  measure(std::atoll(argv[1]), std::atoll(argv[2]), [&] {
    std::vector<double> sparsities;
    for (int i = 3; i < argc; ++i) sparsities.push_back(std::atof(argv[i]));
    return sparsities;
  }());
}
