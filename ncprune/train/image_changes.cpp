#include "ncprune/train/image_changes.h"

#include <ATen/ops/affine_grid_generator.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/gather.h>
#include <ATen/ops/grid_sampler.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>

namespace ncprune {
namespace {

// Positions 0 .. size-1 moved by `shift` [B] and mirrored back into the image; int64 [B, size].
at::Tensor moved_positions(const at::Tensor& shift, int64_t size) {
  const at::Tensor positions = (at::arange(size, shift.options()) + shift.unsqueeze(1)).abs();
  return (size - 1) - ((size - 1) - positions).abs();
}

// One number per image, on the device of `images`.
at::Tensor per_image(const at::Tensor& values, const at::Tensor& images) {
  return values.to(images.device()).view({-1, 1, 1, 1});
}

// Which of 0 .. size-1 are in [first, first + side); bool [B, size].
at::Tensor covered(const at::Tensor& first, int64_t side, int64_t size) {
  const at::Tensor distance = at::arange(size, first.options()) - first.unsqueeze(1);
  return distance.ge(0).logical_and(distance.lt(side));
}

}  // namespace

at::Tensor shifted(const at::Tensor& images, const at::Tensor& dy, const at::Tensor& dx) {
  const at::Tensor rows = moved_positions(dy.to(images.device()), images.size(2))
                              .unsqueeze(1)
                              .unsqueeze(3)
                              .expand_as(images);
  const at::Tensor columns = moved_positions(dx.to(images.device()), images.size(3))
                                 .unsqueeze(1)
                                 .unsqueeze(2)
                                 .expand_as(images);
  return at::gather(at::gather(images, 2, rows), 3, columns);
}

at::Tensor mirrored(const at::Tensor& images, const at::Tensor& which) {
  return at::where(per_image(which, images), images.flip(3), images);
}

at::Tensor blanked(const at::Tensor& images, const at::Tensor& corners, int64_t side) {
  const at::Tensor there = corners.to(images.device());
  const at::Tensor rows = covered(there.select(1, 0), side, images.size(2));
  const at::Tensor columns = covered(there.select(1, 1), side, images.size(3));
  const at::Tensor square = rows.unsqueeze(2).logical_and(columns.unsqueeze(1)).unsqueeze(1);
  return at::where(square, images.mean({2, 3}, /*keepdim=*/true), images);
}

at::Tensor toned(const at::Tensor& images, const at::Tensor& brightness,
                 const at::Tensor& contrast) {
  const at::Tensor bright = images * per_image(brightness, images);
  const at::Tensor mean = bright.mean({1, 2, 3}, /*keepdim=*/true);
  return mean + per_image(contrast, images) * (bright - mean);
}

at::Tensor warped(const at::Tensor& images, const at::Tensor& maps) {
  // LibTorch measures both axes from -1 to 1, whatever the image's proportions.
  const auto height = static_cast<float>(images.size(2));
  const auto width = static_cast<float>(images.size(3));
  const at::Tensor units = at::tensor({1.0F, height / width, 2 / width,  //
                                       width / height, 1.0F, 2 / height})
                               .view({1, 2, 3});
  constexpr int64_t kBilinear = 0;
  constexpr int64_t kBorder = 1;
  const at::Tensor there = (maps * units).to(images.device());
  return at::grid_sampler(images, at::affine_grid_generator(there, images.sizes(), false),
                          kBilinear, kBorder, /*align_corners=*/false);
}

}  // namespace ncprune
