#include "ncprune/data/image_resize.h"

#include <ATen/ops/_upsample_bilinear2d_aa.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>

#include "ncprune/base/tensor.h"

namespace ncprune {

// Crop first, then resize: otherwise an image of one by a million pixels would grow.
Image central_square(const Image& image, int64_t size) {
  const at::NoGradGuard no_grad;
  const int64_t side = std::min(image.height, image.width);
  // from_blob() wants a writable pointer even if it only reads.
  auto* pixels = const_cast<uint8_t*>(image.pixels.data());
  const at::Tensor square =
      at::from_blob(pixels, {image.height, image.width, image.channels}, at::kByte)
          .narrow(0, (image.height - side) / 2, side)
          .narrow(1, (image.width - side) / 2, side)
          .permute({2, 0, 1})
          .unsqueeze(0)
          .to(at::kFloat, /*non_blocking=*/false, /*copy=*/true, at::MemoryFormat::Contiguous);
  const at::Tensor resized =
      at::_upsample_bilinear2d_aa(square, at::IntArrayRef({size, size}), /*align_corners=*/false);
  const at::Tensor bytes =
      resized[0].permute({1, 2, 0}).round().clamp(0, 255).to(at::kByte).contiguous();
  const auto view = elements<uint8_t>(bytes);
  return {image.channels, size, size, std::vector<uint8_t>(view.begin(), view.end())};
}

}  // namespace ncprune
