#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "ncprune/data/image.h"

namespace ncprune {

// Changes of the size and place of an image, to the byte those of torchvision (0.14) on Pillow
// images: Pillow's Resample.c and Geometry.c, torchvision's Resize and CenterCrop.

struct ImageSize {
  int64_t height;
  int64_t width;
};

// Pillow's filters: the value of the nearest pixel, or weighted means over a triangle or a cubic
// (a = -0.5), which widen when the image shrinks (antialias).
enum class Interpolation { kNearest, kBilinear, kBicubic };

// "nearest", "bilinear" or "bicubic"; nothing for any other name.
std::optional<Interpolation> interpolation_named(std::string_view name);

// The image turned and mirrored upright: `orientation` is that of EXIF and TIFF, 1 (upright) to 8.
Image oriented(Image image, int orientation);

// The size at which the shorter side has `shorter` pixels and the ratio of the sides is kept, with
// the longer side rounded down: Resize(shorter).
ImageSize size_of_shorter_side(const ImageSize& size, int64_t shorter);

// Resizes to `size`: first along the rows, then along the columns, each rounded to bytes, with
// weights of 22 bits after the point. REQUIRES: at least one pixel before and after.
Image resized(const Image& image, const ImageSize& size, Interpolation interpolation);

// The central part of `size`; what lies outside of a smaller image is 0: CenterCrop(size). Half a
// pixel is rounded to the even number.
Image centre_cropped(const Image& image, const ImageSize& size);

}  // namespace ncprune
