// Fog and snow.
#include <ATen/ops/empty.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <bit>
#include <numbers>

#include "ncprune/data/corruption.h"
#include "ncprune/data/picture_filters.h"

namespace ncprune::corruptions_files {
namespace {

using at::indexing::Slice;

// Clouds by the diamond-square algorithm, [N, size, size] in [0, 1], periodic across the edges;
// `decay` is the factor by which each finer step is weaker. REQUIRES: size is a power of two.
at::Tensor plasma(int64_t count, int64_t size, double decay, Random& random) {
  at::Tensor map = at::zeros({count, size, size});
  double wobble = 100;
  const auto wobbled_mean = [&](const at::Tensor& sum) {
    const double most = wobble * wobble;
    return sum / 4 + at::empty_like(sum).uniform_(-most, most, random.generator());
  };
  for (int64_t step = size; step >= 2; step /= 2) {
    const int64_t half = step / 2;
    const Slice whole(0, {}, step);
    const Slice between(half, {}, step);
    const at::Tensor corners = map.index({Slice(), whole, whole});
    const at::Tensor pairs = corners + corners.roll(-1, 1);
    map.index_put_({Slice(), between, between}, wobbled_mean(pairs + pairs.roll(-1, 2)));
    const at::Tensor centres = map.index({Slice(), between, between});
    map.index_put_({Slice(), whole, between},
                   wobbled_mean(centres + centres.roll(1, 1) + corners + corners.roll(-1, 2)));
    map.index_put_({Slice(), between, whole},
                   wobbled_mean(centres + centres.roll(1, 2) + corners + corners.roll(-1, 1)));
    wobble /= decay;
  }
  map -= map.amin({1, 2}, true);
  return map / map.amax({1, 2}, true).clamp_min(1e-12);
}

struct Fog {
  double strength;
  double decay;
};

at::Tensor fog(const at::Tensor& x, const CorruptionLevel& level, Random& random) {
  constexpr Strengths<Fog> kFog{{{{.2, 3}, {.5, 3}, {.75, 2.5}, {1, 2}, {1.5, 1.75}}},
                                {{{1.5, 2}, {2, 2}, {2.5, 1.7}, {2.5, 1.5}, {3, 1.4}}}};
  const auto [strength, decay] = kFog.at(level);
  const auto side =
      static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(std::max(x.size(2), x.size(3)))));
  const at::Tensor clouds = plasma(x.size(0), side, decay, random)
                                .slice(1, 0, x.size(2))
                                .slice(2, 0, x.size(3))
                                .unsqueeze(1);
  const at::Tensor brightest = x.amax({1, 2, 3}, true);
  return (x + strength * clouds) * brightest / (brightest + strength);
}

struct Snow {
  double mean;  // of the normal numbers that make flakes
  double deviation;
  double zoom;
  double threshold;  // lower values are no flakes
  int64_t radius;    // of the motion blur of flakes
  double sigma;
  double picture;  // weight of the original image
};

at::Tensor snow(const at::Tensor& x, const CorruptionLevel& level, Random& random) {
  constexpr Strengths<Snow> kSnow{{{{.1, .2, 1, .6, 8, 3, .95},
                                    {.1, .2, 1, .5, 10, 4, .9},
                                    {.15, .3, 1.75, .55, 10, 4, .9},
                                    {.25, .3, 2.25, .6, 12, 6, .85},
                                    {.3, .3, 1.25, .65, 14, 12, .8}}},
                                  {{{.1, .3, 3, .5, 10, 4, .8},
                                    {.2, .3, 2, .5, 12, 4, .7},
                                    {.55, .3, 4, .9, 12, 8, .7},
                                    {.55, .3, 4.5, .85, 12, 8, .65},
                                    {.55, .3, 2.5, .85, 12, 12, .55}}}};
  const Snow& how = kSnow.at(level);
  const at::Tensor drawn = at::empty({x.size(0), 1, x.size(2), x.size(3)})
                               .normal_(how.mean, how.deviation, random.generator());
  const at::Tensor grown =
      filtered(drawn, magnification(x.size(2), how.zoom), magnification(x.size(3), how.zoom));
  const at::Tensor flakes = grown.masked_fill(grown.lt(how.threshold), 0).clamp(0, 1);
  constexpr double kQuarter = std::numbers::pi / 4;
  const at::Tensor angles =
      at::empty({x.size(0)}).uniform_(-3 * kQuarter, -kQuarter, random.generator());
  const at::Tensor falling = smeared(flakes, angles, motion_weights(how.radius, how.sigma));
  const at::Tensor white = at::maximum(x, x.mean(1, true) * 1.5 + 0.5);
  return how.picture * x + (1 - how.picture) * white + falling + falling.flip({2, 3});
}

}  // namespace

std::vector<Corruption> weather() {
  return {
      {"fog", "clouds of every size over the image", "Hendrycks, Dietterich 2019", true, fog},
      {"snow", "falling flakes and a brighter image", "after Hendrycks, Dietterich 2019", true,
       snow},
  };
}

}  // namespace ncprune::corruptions_files
