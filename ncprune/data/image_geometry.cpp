#include "ncprune/data/image_geometry.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "ncprune/data/image_formats.h"

namespace ncprune {
namespace {

constexpr int kWeightBits = 22;  // after the point

// How the pixels of one axis are made from the old ones: pixel i is the sum over k < count[i] of
// weights[i * longest + k] times the old pixel first[i] + k.
struct AxisWeights {
  size_t longest = 0;
  std::vector<int64_t> first;
  std::vector<size_t> count;
  std::vector<int32_t> weights;
};

double cubic(double x) {
  constexpr double kA = -0.5;
  x = std::abs(x);
  if (x < 1) return ((kA + 2) * x - (kA + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * kA;
  return 0;
}

double triangle(double x) {
  return std::max(0.0, 1 - std::abs(x));
}

// Pillow adds a half and drops what lies after the point, below zero, too.
int64_t pixel_border(double x) {
  return static_cast<int64_t>(std::trunc(x + 0.5));
}

AxisWeights axis_weights(int64_t from, int64_t to, Interpolation interpolation) {
  const bool bicubic = interpolation == Interpolation::kBicubic;
  const double scale = static_cast<double>(from) / static_cast<double>(to);
  const double stretch = std::max(scale, 1.0);
  const double support = (bicubic ? 2 : 1) * stretch;
  AxisWeights axis;
  axis.longest = static_cast<size_t>(std::ceil(support)) * 2 + 1;
  axis.weights.resize(axis.longest * static_cast<size_t>(to));
  std::vector<double> exact(axis.longest);
  for (int64_t i = 0; i < to; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    const int64_t begin = std::max<int64_t>(pixel_border(centre - support), 0);
    const int64_t end = std::min<int64_t>(pixel_border(centre + support), from);
    const auto count = static_cast<size_t>(end - begin);
    double sum = 0;
    for (size_t k = 0; k < count; ++k) {
      const double x =
          (static_cast<double>(static_cast<int64_t>(k) + begin) - centre + 0.5) * (1 / stretch);
      exact[k] = bicubic ? cubic(x) : triangle(x);
      sum += exact[k];
    }
    int32_t* weights = axis.weights.data() + axis.longest * static_cast<size_t>(i);
    for (size_t k = 0; k < count; ++k) {
      const double weight = (sum == 0 ? exact[k] : exact[k] / sum) * (1 << kWeightBits);
      weights[k] = static_cast<int32_t>(weight + (weight < 0 ? -0.5 : 0.5));
    }
    axis.first.push_back(begin);
    axis.count.push_back(count);
  }
  return axis;
}

uint8_t rounded_byte(int32_t sum) {
  return static_cast<uint8_t>(std::clamp(sum >> kWeightBits, 0, 255));
}

// The image with as many pixels in a row as the axis has.
template <size_t channels>
Image with_columns(const Image& image, const AxisWeights& axis) {
  const size_t columns = axis.first.size();
  Image result = blank_image(image.channels, image.height, static_cast<int64_t>(columns));
  const uint8_t* row = image.pixels.data();
  uint8_t* out = result.pixels.data();
  for (int64_t y = 0; y < image.height; ++y, row += static_cast<size_t>(image.width) * channels) {
    for (size_t x = 0; x < columns; ++x, out += channels) {
      const int32_t* weights = axis.weights.data() + axis.longest * x;
      const uint8_t* pixel = row + static_cast<size_t>(axis.first[x]) * channels;
      std::array<int32_t, channels> sums{};
      sums.fill(1 << (kWeightBits - 1));
      for (size_t k = 0; k < axis.count[x]; ++k, pixel += channels) {
        for (size_t c = 0; c < channels; ++c) sums[c] += weights[k] * pixel[c];
      }
      for (size_t c = 0; c < channels; ++c) out[c] = rounded_byte(sums[c]);
    }
  }
  return result;
}

// The image with as many pixels in a column as the axis has.
Image with_rows(const Image& image, const AxisWeights& axis) {
  const size_t rows = axis.first.size();
  Image result = blank_image(image.channels, static_cast<int64_t>(rows), image.width);
  const auto values = static_cast<size_t>(image.width * image.channels);  // of a row
  std::vector<int32_t> sums(values);
  uint8_t* out = result.pixels.data();
  for (size_t y = 0; y < rows; ++y, out += values) {
    std::fill(sums.begin(), sums.end(), 1 << (kWeightBits - 1));
    for (size_t k = 0; k < axis.count[y]; ++k) {
      const int32_t weight = axis.weights[axis.longest * y + k];
      const uint8_t* row = image.pixels.data() + (static_cast<size_t>(axis.first[y]) + k) * values;
      for (size_t i = 0; i < values; ++i) sums[i] += weight * row[i];
    }
    std::transform(sums.begin(), sums.end(), out, rounded_byte);
  }
  return result;
}

// The old pixels that are nearest to the new ones of an axis. Pillow adds up the steps, and so
// finds other pixels than a product would; beyond the end there is none (-1).
std::vector<int64_t> nearest_pixels(int64_t from, int64_t to) {
  const double step = static_cast<double>(from) / static_cast<double>(to);
  std::vector<int64_t> nearest;
  double at = step * 0.5;
  for (int64_t i = 0; i < to; ++i, at += step) {
    const auto pixel = static_cast<int64_t>(at);
    nearest.push_back(pixel < from ? pixel : -1);
  }
  return nearest;
}

Image nearest_resized(const Image& image, const ImageSize& size) {
  const std::vector<int64_t> rows = nearest_pixels(image.height, size.height);
  const std::vector<int64_t> columns = nearest_pixels(image.width, size.width);
  Image result = blank_image(image.channels, size.height, size.width);
  uint8_t* out = result.pixels.data();
  for (const int64_t y : rows) {
    for (const int64_t x : columns) {
      const int64_t pixel = (y * image.width + x) * image.channels;
      if (x >= 0 && y >= 0) std::copy_n(image.pixels.data() + pixel, image.channels, out);
      out += image.channels;
    }
  }
  return result;
}

// Where the part of an axis begins: negative when the part is longer. An odd difference is rounded
// as Python rounds its half.
int64_t centre_begin(int64_t whole, int64_t part) {
  if (part > whole) return -((part - whole) / 2);
  const int64_t half = (whole - part) / 2;
  return (whole - part) % 2 == 0 ? half : half + half % 2;
}

}  // namespace

std::optional<Interpolation> interpolation_named(std::string_view name) {
  if (name == "nearest") return Interpolation::kNearest;
  if (name == "bilinear") return Interpolation::kBilinear;
  if (name == "bicubic") return Interpolation::kBicubic;
  return std::nullopt;
}

Image oriented(Image image, int orientation) {
  if (orientation <= 1 || orientation > 8) return image;
  const bool turns = orientation >= 5;  // rows become columns
  const bool from_right =
      orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool from_bottom =
      orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  Image result = turns ? blank_image(image.channels, image.width, image.height)
                       : blank_image(image.channels, image.height, image.width);
  result.more_frames = image.more_frames;
  uint8_t* out = result.pixels.data();
  for (int64_t y = 0; y < result.height; ++y) {
    for (int64_t x = 0; x < result.width; ++x, out += image.channels) {
      const int64_t row = turns ? x : y;
      const int64_t column = turns ? y : x;
      const int64_t from_y = from_bottom ? image.height - 1 - row : row;
      const int64_t from_x = from_right ? image.width - 1 - column : column;
      std::copy_n(image.pixels.data() + (from_y * image.width + from_x) * image.channels,
                  image.channels, out);
    }
  }
  return result;
}

ImageSize size_of_shorter_side(const ImageSize& size, int64_t shorter) {
  if (size.width <= size.height) return {shorter * size.height / size.width, shorter};
  return {shorter, shorter * size.width / size.height};
}

Image resized(const Image& image, const ImageSize& size, Interpolation interpolation) {
  if (image.height == size.height && image.width == size.width) return image;
  if (interpolation == Interpolation::kNearest) return nearest_resized(image, size);
  Image wide = image;
  if (image.width != size.width) {
    const AxisWeights axis = axis_weights(image.width, size.width, interpolation);
    wide = image.channels == 1 ? with_columns<1>(image, axis) : with_columns<3>(image, axis);
  }
  if (image.height == size.height) return wide;
  return with_rows(wide, axis_weights(image.height, size.height, interpolation));
}

Image centre_cropped(const Image& image, const ImageSize& size) {
  if (image.height == size.height && image.width == size.width) return image;
  const int64_t top = centre_begin(image.height, size.height);
  const int64_t left = centre_begin(image.width, size.width);
  Image result = blank_image(image.channels, size.height, size.width);
  const int64_t first = std::max<int64_t>(left, 0);
  const int64_t width = std::min(left + size.width, image.width) - first;
  for (int64_t y = 0; y < size.height; ++y) {
    if (top + y < 0 || top + y >= image.height) continue;
    const int64_t from = ((top + y) * image.width + first) * image.channels;
    const int64_t to = (y * size.width + first - left) * image.channels;
    std::copy_n(image.pixels.data() + from, width * image.channels, result.pixels.data() + to);
  }
  return result;
}

}  // namespace ncprune
