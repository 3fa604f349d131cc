#include "ncprune/stats/collapse_geometry.h"

#include "ncprune/base/no_value.h"

#include <ATen/ops/eye.h>
#include <ATen/ops/linalg_svd.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace ncprune {
namespace {

at::TensorOptions options() {
  return {at::kDouble};
}

struct Spread {
  double mean;
  double deviation;
};

Spread spread_of(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());  // no values: 0 / 0
  Spread spread{0, 0};
  for (const double v : values) spread.mean += v;
  spread.mean /= n;
  for (const double v : values) spread.deviation += (v - spread.mean) * (v - spread.mean);
  spread.deviation = std::sqrt(spread.deviation / n);
  return spread;
}

}  // namespace

Frame frame_of(const at::Tensor& gram, const at::Tensor& seli) {
  const int64_t k = gram.size(0);
  const at::Tensor inner = gram.contiguous();
  const auto view = elements<double>(inner);
  const auto product = [&](int64_t a, int64_t b) { return view[static_cast<size_t>(a * k + b)]; };
  std::vector<double> lengths;
  std::vector<double> cosines;
  for (int64_t c = 0; c < k; ++c) {
    lengths.push_back(std::sqrt(product(c, c)));
    for (int64_t other = 0; other < c; ++other) {
      cosines.push_back(product(c, other) /
                        (lengths[static_cast<size_t>(c)] * lengths[static_cast<size_t>(other)]));
    }
  }
  const Spread length = spread_of(lengths);
  const double equal = -1 / (static_cast<double>(k) - 1);
  double error = 0;
  for (const double cosine : cosines) error = std::max(error, std::abs(cosine - equal));
  const double deviation = spread_of(cosines).deviation;
  return {.norm_variation = length.deviation / length.mean,
          .cosine_deviation = deviation,
          .cosine_error = std::isnan(deviation) ? kNoValue : error,
          .etf_distance = gram_distance(gram, simplex_gram(k)),
          .seli_distance = gram_distance(gram, seli)};
}

double gram_distance(const at::Tensor& a, const at::Tensor& b) {
  const double a_norm = a.norm().item<double>();
  const double b_norm = b.norm().item<double>();
  if (!(a_norm > 0 && b_norm > 0) || a.sizes() != b.sizes()) return kNoValue;
  return (a / a_norm - b / b_norm).norm().item<double>();
}

at::Tensor simplex_gram(int64_t k) {
  return at::eye(k, options()) - 1 / static_cast<double>(k);
}

SeliGrams seli_grams(const std::vector<int64_t>& counts) {
  const auto k = static_cast<int64_t>(counts.size());
  if (std::any_of(counts.begin(), counts.end(), [](int64_t n) { return n <= 0; })) {
    return {at::zeros({k, k}, options()), at::zeros({k, k}, options())};
  }
  const at::Tensor root = at::tensor(counts, {at::kLong}).to(at::kDouble).sqrt();
  const auto [v, l, u_transposed] = at::linalg_svd(simplex_gram(k) * root);
  const at::Tensor u = u_transposed.t() / root.unsqueeze(1);  // D^-1/2 U
  return {at::matmul(u * l, u.t()), at::matmul(v * l, v.t())};
}

}  // namespace ncprune
