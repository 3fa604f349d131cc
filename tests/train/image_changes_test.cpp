#include "ncprune/train/image_changes.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "ncprune/base/random.h"

namespace ncprune {
namespace {

using Shape = std::array<int64_t, 4>;

constexpr std::array<Shape, 4> kShapes{{{1, 1, 5, 5}, {3, 3, 5, 9}, {2, 1, 8, 3}, {4, 2, 1, 1}}};

at::Tensor pictures(const Shape& shape) {
  Random random(7);
  return at::empty(shape).uniform_(0, 1, random.generator());
}

at::Tensor integers(int64_t count, int64_t low, int64_t high, uint64_t seed) {
  Random random(seed);
  return at::empty({count}, at::kLong).random_(low, high, random.generator());
}

double value(const at::Tensor& images, const Shape& at) {
  return images[at[0]][at[1]][at[2]][at[3]].item<double>();
}

// Compares `changed` with what `wanted` says of every [sample, channel, row, column].
void expect_pixels(const at::Tensor& changed, const std::function<double(const Shape&)>& wanted) {
  for (int64_t b = 0; b < changed.size(0); ++b) {
    for (int64_t c = 0; c < changed.size(1); ++c) {
      for (int64_t y = 0; y < changed.size(2); ++y) {
        for (int64_t x = 0; x < changed.size(3); ++x) {
          const Shape at{b, c, y, x};
          ASSERT_NEAR(value(changed, at), wanted(at), 1e-5)
              << b << " " << c << " " << y << " " << x;
        }
      }
    }
  }
}

// Walks back and forth between 0 and size - 1.
int64_t mirror(int64_t position, int64_t size) {
  while (position < 0 || position >= size) {
    position = position < 0 ? -position : 2 * (size - 1) - position;
  }
  return position;
}

TEST(ImageChanges, ShiftsAndMirrorsAtTheBorder) {
  for (const Shape& shape : kShapes) {
    const at::Tensor images = pictures(shape);
    const at::Tensor dy = integers(shape[0], 1 - shape[2], shape[2], 1);
    const at::Tensor dx = integers(shape[0], 1 - shape[3], shape[3], 2);
    expect_pixels(shifted(images, dy, dx), [&](const Shape& at) {
      return value(images, {at[0], at[1], mirror(at[2] + dy[at[0]].item<int64_t>(), shape[2]),
                            mirror(at[3] + dx[at[0]].item<int64_t>(), shape[3])});
    });
  }
}

TEST(ImageChanges, MirrorsThePicturesItIsTold) {
  for (const Shape& shape : kShapes) {
    const at::Tensor images = pictures(shape);
    const at::Tensor which = integers(shape[0], 0, 2, 3).to(at::kBool);
    expect_pixels(mirrored(images, which), [&](const Shape& at) {
      const int64_t x = which[at[0]].item<bool>() ? shape[3] - 1 - at[3] : at[3];
      return value(images, {at[0], at[1], at[2], x});
    });
  }
}

TEST(ImageChanges, BlanksASquareWithTheMean) {
  for (const Shape& shape : kShapes) {
    for (const int64_t side : {0, 1, 4}) {
      const at::Tensor images = pictures(shape);
      const at::Tensor corners = integers(2 * shape[0], -3, 6, 4).view({-1, 2});
      expect_pixels(blanked(images, corners, side), [&](const Shape& at) {
        const int64_t y = at[2] - corners[at[0]][0].item<int64_t>();
        const int64_t x = at[3] - corners[at[0]][1].item<int64_t>();
        if (y < 0 || y >= side || x < 0 || x >= side) return value(images, at);
        return images[at[0]][at[1]].to(at::kDouble).mean().item<double>();
      });
    }
  }
}

TEST(ImageChanges, TonesAroundThePicturesMean) {
  for (const Shape& shape : kShapes) {
    const at::Tensor images = pictures(shape);
    Random random(5);
    const at::Tensor brightness = at::empty({shape[0]}).uniform_(0.5, 1.5, random.generator());
    const at::Tensor contrast = at::empty({shape[0]}).uniform_(0, 2, random.generator());
    expect_pixels(toned(images, brightness, contrast), [&](const Shape& at) {
      const auto bright = brightness[at[0]].item<double>();
      const double mean = bright * images[at[0]].to(at::kDouble).mean().item<double>();
      return mean + contrast[at[0]].item<double>() * (bright * value(images, at) - mean);
    });
  }
}

// The picture at a place between its pixels, bilinear.
double between(const at::Tensor& images, const Shape& at, double y, double x) {
  y = std::clamp(y, 0.0, static_cast<double>(images.size(2) - 1));
  x = std::clamp(x, 0.0, static_cast<double>(images.size(3) - 1));
  double sum = 0;
  for (int64_t row = 0; row < images.size(2); ++row) {
    for (int64_t column = 0; column < images.size(3); ++column) {
      const double weight = std::max(0.0, 1 - std::abs(y - static_cast<double>(row))) *
                            std::max(0.0, 1 - std::abs(x - static_cast<double>(column)));
      if (weight > 0) sum += weight * value(images, {at[0], at[1], row, column});
    }
  }
  return sum;
}

TEST(ImageChanges, WarpsAsTheMapSaysInPixels) {
  for (const Shape& shape : kShapes) {
    const at::Tensor images = pictures(shape);
    Random random(6);
    const at::Tensor maps = at::empty({shape[0], 2, 3}).uniform_(-1.5, 1.5, random.generator());
    expect_pixels(warped(images, maps), [&](const Shape& at) {
      const double centre_y = static_cast<double>(shape[2] - 1) / 2;
      const double centre_x = static_cast<double>(shape[3] - 1) / 2;
      const double x = static_cast<double>(at[3]) - centre_x;
      const double y = static_cast<double>(at[2]) - centre_y;
      const auto along = [&](int64_t row) {
        const at::Tensor map = maps[at[0]][row];
        return map[0].item<double>() * x + map[1].item<double>() * y + map[2].item<double>();
      };
      return between(images, at, centre_y + along(1), centre_x + along(0));
    });
  }
}

TEST(ImageChanges, LeaveWhatTheyAreGivenAsItWas) {
  const at::Tensor images = pictures({2, 3, 6, 6});
  const at::Tensor before = images.clone();
  const at::Tensor one = at::tensor({1, 1}, at::kLong);
  shifted(images, one, one);
  mirrored(images, one.to(at::kBool));
  blanked(images, at::zeros({2, 2}, at::kLong), 3);
  toned(images, at::zeros({2}), at::zeros({2}));
  warped(images, at::zeros({2, 2, 3}));
  EXPECT_TRUE(at::equal(images, before));
}

}  // namespace
}  // namespace ncprune
