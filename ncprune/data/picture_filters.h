#pragma once

#include "ncprune/base/tensor.h"

namespace ncprune {

// Filters of images float [N, C, H, W]. The border pixels are repeated beyond the border.

// R X T^T of every channel X [H, W], for matrices rows [H', H] and columns [W', W]: any separable
// filter. Returns [N, C, H', W'].
at::Tensor filtered(const at::Tensor& pictures, const at::Tensor& rows, const at::Tensor& columns);

// [size, size]: the weighted mean of the neighbours of every position, for an odd number of
// weights.
at::Tensor neighbour_mean(int64_t size, const at::Tensor& weights);

// [size, size]: linear interpolation that magnifies by `factor` around the centre.
at::Tensor magnification(int64_t size, double factor);

// Weights of a Gaussian of standard deviation `sigma`, cut off at 4 sigma, with sum 1; [odd].
at::Tensor gaussian_weights(double sigma);

// One-sided Gaussian weights of 2 radius + 1 steps with sum 1, as in ImageMagick's motion blur.
at::Tensor motion_weights(int64_t radius, double sigma);

// Every image blurred along a line that begins at the pixel: weights [T] at steps 0, 1, ... in the
// direction `angles` (radians, [N]) of the image, rounded to whole pixels.
at::Tensor smeared(const at::Tensor& pictures, const at::Tensor& angles, const at::Tensor& weights);

}  // namespace ncprune
