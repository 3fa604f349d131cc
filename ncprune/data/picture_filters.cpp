#include "ncprune/data/picture_filters.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/gather.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>

namespace ncprune {

at::Tensor filtered(const at::Tensor& pictures, const at::Tensor& rows, const at::Tensor& columns) {
  return at::matmul(rows, at::matmul(pictures, columns.t()));
}

at::Tensor neighbour_mean(int64_t size, const at::Tensor& weights) {
  const int64_t radius = weights.size(0) / 2;
  at::Tensor matrix = at::zeros({size, size});
  const at::Tensor places = at::arange(size, at::kLong);
  for (int64_t t = 0; t < weights.size(0); ++t) {
    const at::Tensor neighbour = (places + (t - radius)).clamp(0, size - 1).unsqueeze(1);
    matrix.scatter_add_(1, neighbour, weights[t].to(at::kFloat).expand({size, 1}));
  }
  return matrix;
}

at::Tensor magnification(int64_t size, double factor) {
  const double middle = static_cast<double>(size - 1) / 2;
  const at::Tensor place = ((at::arange(size, at::kDouble) - middle) / factor + middle)
                               .clamp(0, static_cast<double>(size - 1));
  const at::Tensor below = place.floor().to(at::kLong);
  const at::Tensor share = (place - below).to(at::kFloat).unsqueeze(1);
  at::Tensor matrix = at::zeros({size, size});
  matrix.scatter_add_(1, below.unsqueeze(1), 1 - share);
  matrix.scatter_add_(1, (below + 1).clamp_max(size - 1).unsqueeze(1), share);
  return matrix;
}

at::Tensor gaussian_weights(double sigma) {
  const auto radius = std::max<int64_t>(1, static_cast<int64_t>(std::lround(4 * sigma)));
  const at::Tensor distance = at::arange(-radius, radius + 1, at::kDouble);
  const at::Tensor weights = (-distance.square() / (2 * sigma * sigma)).exp();
  return weights / weights.sum();
}

at::Tensor motion_weights(int64_t radius, double sigma) {
  const at::Tensor step = at::arange(2 * radius + 1, at::kDouble);
  const at::Tensor weights = (-step.square() / (2 * sigma * sigma)).exp();
  return weights / weights.sum();
}

at::Tensor smeared(const at::Tensor& pictures, const at::Tensor& angles,
                   const at::Tensor& weights) {
  const int64_t height = pictures.size(2);
  const int64_t width = pictures.size(3);
  const at::Tensor flat = pictures.flatten(2);
  const at::Tensor y = at::arange(height, at::kLong).view({1, -1, 1});
  const at::Tensor x = at::arange(width, at::kLong).view({1, 1, -1});
  const at::Tensor across = angles.cos().view({-1, 1, 1});
  const at::Tensor down = angles.sin().view({-1, 1, 1});
  at::Tensor sum = at::zeros_like(flat);
  for (int64_t t = 0; t < weights.size(0); ++t) {
    const at::Tensor from_y = (y + (down * t).round().to(at::kLong)).clamp(0, height - 1);
    const at::Tensor from_x = (x + (across * t).round().to(at::kLong)).clamp(0, width - 1);
    const at::Tensor from = (from_y * width + from_x).flatten(1).unsqueeze(1);
    sum.add_(at::gather(flat, 2, from.expand_as(flat)) * weights[t].item<double>());
  }
  return sum.view_as(pictures);
}

}  // namespace ncprune
