#pragma once

#include "ncprune/base/tensor.h"

namespace ncprune {

// Filters of pictures float [N, C, H, W]. What would lie beyond the border is the outermost pixel.

// R X T^T of every channel X [H, W]: every filter that treats rows and columns apart is a pair of
// matrices, rows [H', H] and columns [W', W]; [N, C, H', W'].
at::Tensor filtered(const at::Tensor& pictures, const at::Tensor& rows, const at::Tensor& columns);

// [size, size]: the weighted mean of the neighbours of every place, by an odd number of weights.
at::Tensor neighbour_mean(int64_t size, const at::Tensor& weights);

// [size, size]: linear interpolation at the places that, seen from the middle, are `factor` times
// nearer: magnification for a factor above 1.
at::Tensor magnification(int64_t size, double factor);

// Weights of a Gaussian of deviation `sigma`, cut off at 4 sigma, summing to 1; [odd].
at::Tensor gaussian_weights(double sigma);

// One-sided Gaussian weights of 2 radius + 1 steps, summing to 1, as ImageMagick's motion blur has
// them.
at::Tensor motion_weights(int64_t radius, double sigma);

// Every picture smeared along a line of its own, from the pixel on: weights [T] at steps 0, 1, ...
// in the direction of `angles` (radians, [N]), rounded to whole pixels.
at::Tensor smeared(const at::Tensor& pictures, const at::Tensor& angles, const at::Tensor& weights);

}  // namespace ncprune
