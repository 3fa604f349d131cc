// Independent noise on every value.
#include <ATen/ops/empty_like.h>
#include <ATen/ops/poisson.h>
#include <ATen/ops/where.h>

#include "ncprune/data/corruption.h"

namespace ncprune::corruptions_files {
namespace {

at::Tensor normal_like(const at::Tensor& inputs, Random& random) {
  return at::empty_like(inputs).normal_(0, 1, random.generator());
}

at::Tensor uniform_like(const at::Tensor& inputs, Random& random) {
  return at::empty_like(inputs).uniform_(0, 1, random.generator());
}

at::Tensor gaussian_noise(const at::Tensor& x, const CorruptionLevel& level, Random& random) {
  constexpr Strengths<double> kDeviation{{.04, .06, .08, .09, .10}, {.08, .12, .18, .26, .38}};
  return x + kDeviation.at(level) * normal_like(x, random);
}

at::Tensor shot(const at::Tensor& x, const CorruptionLevel& level, Random& random) {
  constexpr Strengths<double> kPhotons{{500, 250, 100, 75, 50}, {60, 25, 12, 5, 3}};
  const double photons = kPhotons.at(level);
  return at::poisson(x * photons, random.generator()) / photons;
}

at::Tensor impulse(const at::Tensor& x, const CorruptionLevel& level, Random& random) {
  constexpr Strengths<double> kShare{{.01, .02, .03, .05, .07}, {.03, .06, .09, .17, .27}};
  const double half = kShare.at(level) / 2;
  const at::Tensor drawn = uniform_like(x, random);
  return x.masked_fill(drawn.lt(half), 0).masked_fill(drawn.ge(1 - half), 1);
}

at::Tensor speckle(const at::Tensor& x, const CorruptionLevel& level, Random& random) {
  constexpr Strengths<double> kDeviation{{.06, .10, .12, .16, .20}, {.15, .2, .35, .45, .6}};
  return x + x * (kDeviation.at(level) * normal_like(x, random));
}

at::Tensor feature(const at::Tensor& x, const CorruptionLevel& level, Random& random) {
  constexpr std::array<double, 5> kShare{.1, .2, .3, .5, 1};
  return x + kShare.at(static_cast<size_t>(level.severity - 1)) * x.std(0, false) *
                 normal_like(x, random);
}

at::Tensor missing(const at::Tensor& x, const CorruptionLevel& level, Random& random) {
  constexpr std::array<double, 5> kShare{.05, .1, .2, .3, .5};
  const at::Tensor gone =
      uniform_like(x, random).lt(kShare.at(static_cast<size_t>(level.severity - 1)));
  return at::where(gone, x.mean(0), x);
}

}  // namespace

std::vector<Corruption> noise() {
  const std::string cifar = "Hendrycks, Dietterich 2019";
  return {
      {"gaussian-noise", "Gaussian noise, equally strong everywhere", cifar, true, gaussian_noise},
      {"shot-noise", "Poisson noise, as with few photons", cifar, true, shot},
      {"impulse-noise", "single values become 0 or 1", cifar, true, impulse},
      {"speckle-noise", "noise proportional to the value", cifar, true, speckle},
      {"feature-noise", "noise relative to each feature's standard deviation", "ncprune", false,
       feature},
      {"missing-features", "single values become the feature's mean", "ncprune", false, missing},
  };
}

}  // namespace ncprune::corruptions_files
