#pragma once

#include "ncprune/base/tensor.h"

namespace ncprune {

// Changes of images float [B, C, H, W], different for every image, for augmentation. Results are
// new tensors on the device of the images and do not depend on the number of threads. The
// parameters may be in main memory.

// Shifts images: the pixel at (y, x) is the old one at (y + dy, x + dx), int64 [B] each; positions
// outside are mirrored at the border pixel. REQUIRES: |dy| < H, |dx| < W.
at::Tensor shifted(const at::Tensor& images, const at::Tensor& dy, const at::Tensor& dx);

// Mirrors the images in `which`, bool [B], horizontally.
at::Tensor mirrored(const at::Tensor& images, const at::Tensor& which);

// Covers a square of `side` pixels with the image's mean of each channel. The square begins at (y,
// x), int64 [B, 2]; its part outside the image is ignored.
at::Tensor blanked(const at::Tensor& images, const at::Tensor& corners, int64_t side);

// Multiplies values by `brightness`, then multiplies their distance from the image's mean over all
// channels by `contrast`; float [B] each. Not clipped.
at::Tensor toned(const at::Tensor& images, const at::Tensor& brightness,
                 const at::Tensor& contrast);

// Applies an affine map [A | t], float [B, 2, 3], in pixels: the pixel at p, as (x, y) from the
// centre, is that of the old image at A p + t. Bilinear; the border pixels are repeated beyond the
// border.
at::Tensor warped(const at::Tensor& images, const at::Tensor& maps);

}  // namespace ncprune
