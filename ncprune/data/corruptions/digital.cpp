// Effects of exposure, storage and transmission.
#include <ATen/ops/arange.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>

#include "ncprune/data/corruption.h"
#include "ncprune/data/image.h"
#include "ncprune/data/picture_filters.h"

namespace ncprune::corruptions_files {
namespace {

// Added to the value of HSV, keeping hue and saturation: all channels grow by the same factor.
at::Tensor brightness(const at::Tensor& x, const CorruptionLevel& level, Random& /*random*/) {
  constexpr Strengths<double> kAdded{{.05, .1, .15, .2, .3}, {.1, .2, .3, .4, .5}};
  const at::Tensor value = x.amax(1, true);
  const at::Tensor brighter = (value + kAdded.at(level)).clamp_max(1);
  return at::where(value.gt(0), x * (brighter / value.clamp_min(1e-12)), brighter);
}

at::Tensor contrast(const at::Tensor& x, const CorruptionLevel& level, Random& /*random*/) {
  constexpr Strengths<double> kLeft{{.75, .5, .4, .3, .15}, {.4, .3, .2, .1, .05}};
  const at::Tensor mean = x.mean({2, 3}, true);
  return (x - mean) * kLeft.at(level) + mean;
}

// [size, size]: every position becomes the mean of its block, one of `blocks` equal parts.
at::Tensor blocks_of(int64_t size, int64_t blocks) {
  const double width = static_cast<double>(size) / static_cast<double>(blocks);
  const at::Tensor place = at::arange(size, at::kDouble);
  const at::Tensor first = at::arange(blocks, at::kDouble).unsqueeze(1) * width;
  const at::Tensor covered =
      ((place + 1).minimum(first + width) - place.maximum(first)).clamp_min(0);  // [blocks, size]
  const at::Tensor means = (covered / width).to(at::kFloat);
  const at::Tensor own = ((place + 0.5) / width).floor().to(at::kLong).clamp_max(blocks - 1);
  return means.index_select(0, own);
}

at::Tensor pixelate(const at::Tensor& x, const CorruptionLevel& level, Random& /*random*/) {
  constexpr Strengths<double> kShare{{.95, .9, .85, .75, .65}, {.6, .5, .4, .3, .25}};
  const auto matrix = [&](int64_t size) {
    const auto blocks = static_cast<int64_t>(static_cast<double>(size) * kShare.at(level));
    return blocks_of(size, std::max<int64_t>(1, blocks));
  };
  return filtered(x, matrix(x.size(2)), matrix(x.size(3)));
}

at::Tensor jpeg(const at::Tensor& x, const CorruptionLevel& level, Random& /*random*/) {
  constexpr Strengths<int> kQuality{{80, 65, 58, 50, 40}, {25, 18, 15, 10, 7}};
  const at::Tensor bytes =
      (x * 255).round().clamp(0, 255).permute({0, 2, 3, 1}).to(at::kByte).contiguous();
  const std::span<const uint8_t> all = elements<uint8_t>(bytes);
  const auto each = static_cast<size_t>(bytes[0].numel());
  at::Tensor result = at::zeros_like(bytes);
  const std::span<uint8_t> out = elements<uint8_t>(result);
  Image image{x.size(1), x.size(2), x.size(3), {}};
  for (size_t i = 0; i < static_cast<size_t>(x.size(0)); ++i) {
    const std::span<const uint8_t> own = all.subspan(i * each, each);
    image.pixels.assign(own.begin(), own.end());
    const Image read =
        with_channels(decode_image(encode_jpeg(image, kQuality.at(level)), "jpeg"), x.size(1));
    std::copy(read.pixels.begin(), read.pixels.end(), out.subspan(i * each, each).begin());
  }
  return result.permute({0, 3, 1, 2}).to(at::kFloat).div(255).contiguous();
}

}  // namespace

std::vector<Corruption> digital() {
  const std::string cifar = "Hendrycks, Dietterich 2019";
  return {
      {"brightness", "brighter", cifar, true, brightness},
      {"contrast", "less contrast: values closer to the mean of the image", cifar, true, contrast},
      {"pixelate", "fewer, larger pixels", cifar, true, pixelate},
      {"jpeg", "compressed as JPEG", cifar, true, jpeg},
  };
}

}  // namespace ncprune::corruptions_files
