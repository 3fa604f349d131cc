// Blur by the lens, the hand and motion.
#include <ATen/ops/arange.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/replication_pad2d.h>

#include <cmath>
#include <numbers>

#include "ncprune/data/corruption.h"
#include "ncprune/data/picture_filters.h"

namespace ncprune::corruptions_files {
namespace {

at::Tensor neighbours_of(const at::Tensor& x, const at::Tensor& weights) {
  return filtered(x, neighbour_mean(x.size(2), weights), neighbour_mean(x.size(3), weights));
}

at::Tensor gaussian_blur(const at::Tensor& x, const CorruptionLevel& level, Random& /*random*/) {
  constexpr Strengths<double> kDeviation{{.4, .6, .7, .8, 1}, {1, 2, 3, 4, 6}};
  return neighbours_of(x, gaussian_weights(kDeviation.at(level)));
}

// A disk smoothed by a Gaussian; radius and standard deviation in pixels.
struct Disk {
  double radius;
  double rim;
};

at::Tensor disk_weights(const Disk& disk) {
  const int64_t side = disk.radius <= 8 ? 8 : static_cast<int64_t>(disk.radius);
  const int64_t smoothing = disk.radius <= 8 ? 1 : 2;  // on each side
  const at::Tensor places = at::arange(-side, side + 1, at::kFloat);
  const at::Tensor inside =
      (places.square().unsqueeze(0) + places.square().unsqueeze(1)).le(disk.radius * disk.radius);
  const at::Tensor distance = at::arange(-smoothing, smoothing + 1, at::kDouble);
  const at::Tensor rim = (-distance.square() / (2 * disk.rim * disk.rim)).exp();
  const at::Tensor smooth = neighbour_mean(2 * side + 1, rim / rim.sum());
  const at::Tensor flat = inside.to(at::kFloat) / inside.sum();
  return filtered(flat.view({1, 1, 2 * side + 1, 2 * side + 1}), smooth, smooth);
}

at::Tensor defocus(const at::Tensor& x, const CorruptionLevel& level, Random& /*random*/) {
  constexpr Strengths<Disk> kDisk{{{{.3, .4}, {.4, .5}, {.5, .6}, {1, .2}, {1.5, .1}}},
                                  {{{3, .1}, {4, .5}, {6, .5}, {8, .5}, {10, .5}}}};
  const at::Tensor weights = disk_weights(kDisk.at(level));
  const int64_t side = weights.size(3) / 2;
  const at::Tensor planes = x.reshape({-1, 1, x.size(2), x.size(3)});
  return at::conv2d(at::replication_pad2d(planes, {side, side, side, side}), weights).view_as(x);
}

struct Motion {
  int64_t radius;  // 2 radius + 1 steps
  double sigma;
};

at::Tensor motion(const at::Tensor& x, const CorruptionLevel& level, Random& random) {
  constexpr Strengths<Motion> kMotion{{{{6, 1}, {6, 1.5}, {6, 2}, {8, 2}, {9, 2.5}}},
                                      {{{10, 3}, {15, 5}, {15, 8}, {15, 12}, {20, 15}}}};
  constexpr double kMaxAngle = std::numbers::pi / 4;
  const at::Tensor angles =
      at::empty({x.size(0)}).uniform_(-kMaxAngle, kMaxAngle, random.generator());
  const auto [radius, sigma] = kMotion.at(level);
  return smeared(x, angles, motion_weights(radius, sigma));
}

// Factors 1, 1 + step, ... below `end`.
struct Zoom {
  double end;
  double step;
};

at::Tensor zoom(const at::Tensor& x, const CorruptionLevel& level, Random& /*random*/) {
  constexpr Strengths<Zoom> kZoom{
      {{{1.06, .01}, {1.11, .01}, {1.16, .01}, {1.21, .01}, {1.26, .01}}},
      {{{1.11, .01}, {1.16, .01}, {1.21, .02}, {1.26, .02}, {1.31, .03}}}};
  const Zoom& factors = kZoom.at(level);
  const auto count = static_cast<int64_t>(std::ceil((factors.end - 1) / factors.step - 1e-9));
  at::Tensor sum = x.clone();
  for (int64_t i = 0; i < count; ++i) {
    const double factor = 1 + static_cast<double>(i) * factors.step;
    sum.add_(filtered(x, magnification(x.size(2), factor), magnification(x.size(3), factor)));
  }
  return sum / static_cast<double>(count + 1);
}

}  // namespace

std::vector<Corruption> blur() {
  const std::string cifar = "Hendrycks, Dietterich 2019";
  return {
      {"gaussian-blur", "every pixel becomes a weighted mean of its surroundings", cifar, true,
       gaussian_blur},
      {"defocus-blur", "every point becomes a disk", cifar, true, defocus},
      {"motion-blur", "blurred along a line, a different one for each image", cifar, true, motion},
      {"zoom-blur", "the mean of the image and its magnifications", cifar, true, zoom},
  };
}

}  // namespace ncprune::corruptions_files
