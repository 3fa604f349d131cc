// Images rotated, translated and distorted.
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/grid_sampler.h>
#include <ATen/ops/linalg_solve.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/stack.h>

#include <algorithm>
#include <numbers>

#include "ncprune/data/corruption.h"
#include "ncprune/data/picture_filters.h"

namespace ncprune::corruptions_files {
namespace {

enum class Beyond : int64_t { kBlack = 0, kReflected = 2 };  // LibTorch's numbers

// The positions of all pixels as (x, y) from the centre, in pixels; [H, W, 2].
at::Tensor places(const at::Tensor& x) {
  const auto axis = [](int64_t size) {
    return at::arange(size, at::kFloat) - static_cast<float>(size - 1) / 2;
  };
  const at::Tensor across = axis(x.size(3)).unsqueeze(0).expand({x.size(2), x.size(3)});
  const at::Tensor down = axis(x.size(2)).unsqueeze(1).expand({x.size(2), x.size(3)});
  return at::stack({across, down}, 2);
}

// The images sampled at positions `from` [N, H, W, 2], as in places(); bilinear.
at::Tensor seen_at(const at::Tensor& x, const at::Tensor& from, Beyond beyond) {
  const at::Tensor half = at::stack({at::ones({}) * static_cast<float>(x.size(3)),
                                     at::ones({}) * static_cast<float>(x.size(2))}) /
                          2;
  return at::grid_sampler(x, from / half, 0, static_cast<int64_t>(beyond), false);
}

// float [shape] uniform in [-most, most].
at::Tensor within(double most, at::IntArrayRef shape, Random& random) {
  return at::empty(shape).uniform_(-most, most, random.generator());
}

at::Tensor rotate(const at::Tensor& x, const CorruptionLevel& level, Random& random) {
  constexpr Strengths<double> kDegrees{{5, 10, 15, 20, 25}, {10, 20, 30, 40, 50}};
  const at::Tensor angle = within(kDegrees.at(level) * std::numbers::pi / 180, {x.size(0)}, random);
  const at::Tensor turn = at::stack(
      {at::stack({angle.cos(), angle.sin()}, 1), at::stack({-angle.sin(), angle.cos()}, 1)},
      1);  // [N, 2, 2]
  return seen_at(x, at::matmul(places(x), turn.unsqueeze(1)), Beyond::kBlack);
}

at::Tensor translate(const at::Tensor& x, const CorruptionLevel& level, Random& random) {
  constexpr Strengths<double> kShare{{.03, .06, .09, .12, .15}, {.06, .12, .18, .24, .3}};
  const at::Tensor shares = within(kShare.at(level), {x.size(0), 2}, random);
  const at::Tensor sides = at::stack(
      {at::ones({}) * static_cast<float>(x.size(3)), at::ones({}) * static_cast<float>(x.size(2))});
  return seen_at(x, places(x) + (shares * sides).view({-1, 1, 1, 2}), Beyond::kBlack);
}

// In units of the shorter side.
struct Elastic {
  double displacement;
  double smoothness;
  double jitter;  // of three corners of a central square
};

// Affine maps [N, 3, 2] of positions (x, y, 1) that move three points, two thirds of the shorter
// side apart, by random jitter.
at::Tensor jittered_maps(int64_t count, double side, double most, Random& random) {
  const auto third = static_cast<float>(std::max(1.0, side / 3));
  at::Tensor points = at::ones({3, 3});
  points.slice(1, 0, 2).fill_(third);
  points[1][1] = -third;
  points[2].slice(0, 0, 2).fill_(-third);
  const at::Tensor moved = points.slice(1, 0, 2) + within(most, {count, 3, 2}, random);
  return at::linalg_solve(points.expand({count, 3, 3}), moved);
}

at::Tensor elastic(const at::Tensor& x, const CorruptionLevel& level, Random& random) {
  constexpr Strengths<Elastic> kElastic{
      {{{0, 0, .08}, {.05, .2, .07}, {.08, .06, .06}, {.1, .04, .05}, {.1, .03, .03}}},
      {{{2, .7, .1}, {2, .08, .2}, {.05, .01, .02}, {.07, .01, .02}, {.12, .01, .02}}}};
  const Elastic& how = kElastic.at(level);
  const auto side = static_cast<double>(std::min(x.size(2), x.size(3)));
  at::Tensor from = places(x).expand({x.size(0), x.size(2), x.size(3), 2});
  if (how.displacement > 0) {
    const at::Tensor weights = gaussian_weights(how.smoothness * side);
    const at::Tensor field =
        filtered(within(1, {x.size(0), 2, x.size(2), x.size(3)}, random),
                 neighbour_mean(x.size(2), weights), neighbour_mean(x.size(3), weights));
    from = from + field.permute({0, 2, 3, 1}) * (how.displacement * side);
  }
  const at::Tensor maps = jittered_maps(x.size(0), side, how.jitter * side, random);
  const at::Tensor homogeneous = at::cat({from, at::ones_like(from.slice(3, 0, 1))}, 3);
  return seen_at(x, at::matmul(homogeneous, maps.unsqueeze(1)), Beyond::kReflected);
}

}  // namespace

std::vector<Corruption> geometry() {
  return {
      {"rotate", "rotated by up to 25 degrees (mnist-c: 50)", "ncprune", true, rotate},
      {"translate", "moved by up to 15 % of the side (mnist-c: 30 %)", "ncprune", true, translate},
      {"elastic", "distorted at random", "after Simard, Steinkraus, Platt 2003", true, elastic},
  };
}

}  // namespace ncprune::corruptions_files
