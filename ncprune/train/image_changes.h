#pragma once

#include "ncprune/base/tensor.h"

namespace ncprune {

// Pictures float [B, C, H, W], each changed in its own way: what augmentation is made of. New
// tensors where the pictures lie; the same whatever the number of threads. What is to be done may
// lie in main memory.

// Moved: the pixel at (y, x) is the old one at (y + dy, x + dx), int64 [B] each; what would lie
// outside is mirrored at the outermost pixel. REQUIRES: |dy| < H, |dx| < W.
at::Tensor shifted(const at::Tensor& images, const at::Tensor& dy, const at::Tensor& dx);

// Left and right exchanged where `which`, bool [B], says so.
at::Tensor mirrored(const at::Tensor& images, const at::Tensor& which);

// A square of `side` pixels painted over with the picture's mean of each channel: rows and columns
// from (y, x), int64 [B, 2], on; what of it lies outside does not count.
at::Tensor blanked(const at::Tensor& images, const at::Tensor& corners, int64_t side);

// Values times `brightness`, then their distance from the picture's mean over all channels times
// `contrast`; float [B] each. Not clipped.
at::Tensor toned(const at::Tensor& images, const at::Tensor& brightness,
                 const at::Tensor& contrast);

// Seen through an affine map, float [B, 2, 3]: the pixel at p, as (x, y) from the centre, is the
// old picture's at A p + t, [A | t] the map, in pixels; bilinear, the outermost pixels go on beyond
// the border.
at::Tensor warped(const at::Tensor& images, const at::Tensor& maps);

}  // namespace ncprune
