#include <ATen/ops/empty_like.h>
#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/sub.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>

#include "ncprune/base/sparse_product.h"
#include "ncprune/prune/reconstruction.h"

namespace ncprune {
namespace {

// (values * mask) right, for float [m, d], [m, d] and [d, n].
at::Tensor masked_product(const at::Tensor& values, const at::Tensor& mask,
                          const at::Tensor& right) {
  const at::Tensor masked = values * mask;
  return is_sparse(masked) ? sparse_product(masked, right) : at::matmul(masked, right);
}

// The eigendecomposition of the metric scaled to unit diagonal: with the row weights folded into
// the target, all rows share one metric. In float, which the iteration uses: the doubles here take
// four times that memory and are freed before the iteration starts.
struct Spectrum {
  at::Tensor values;   // [d], ascending, at least 0
  at::Tensor vectors;  // [d, d], one in each column
};

Spectrum spectrum(const at::Tensor& metric) {
  const at::Tensor scale = metric.diagonal().sqrt();
  const auto [values, vectors] = at::linalg_eigh((metric / scale).div_(scale.unsqueeze(1)));
  return {values.to(at::kFloat).clamp_min(0), vectors.to(at::kFloat).contiguous()};
}

// The cross moments in the same scale, float [m, d]. Only the support matters here, and an exact
// refit follows: iterate in float, at unit size.
at::Tensor scaled_target(const LayerProblem& problem, const at::Tensor& row_weights) {
  const at::Tensor floor = row_weights.mean() * 1e-6 + 1e-300;
  const at::Tensor row_scale = row_weights.maximum(floor).sqrt().unsqueeze(1);
  at::Tensor target = (problem.cross / problem.metric.diagonal().sqrt()).mul_(row_scale);
  const auto size = at::linalg_vector_norm(target) / std::sqrt(static_cast<double>(target.numel()));
  return target.div_(size.clamp_min(1e-300)).to(at::kFloat);
}

}  // namespace

at::Tensor search_support(const LayerProblem& problem, const SupportSearch& search) {
  constexpr int kMaxIterations = 300;
  constexpr int kCheckEvery = 3;
  // The penalty's growth per check. ALPS grows it by 1.1 to 1.3: that freezes the mask early, at
  // twice the error on a layer that keeps half a percent of its weights.
  constexpr double kGrowth = 1.05;
  // Below this penalty a mask may be constant only because the weights have not reacted to it yet.
  constexpr double kBinding = 0.7;
  const auto [eigenvalues, eigenvectors] = spectrum(problem.metric);
  const at::Tensor transposed = eigenvectors.t().contiguous();

  // The iteration lives in the eigenbasis, where the solve is a division: hats are products with
  // the eigenvectors. Only the step to the mask and back leaves it, one dense product to
  // W + V / rho and a sparse one to D; the dual V is rho times what the mask cut off.
  const at::Tensor target_hat =
      at::matmul(scaled_target(problem, search.row_weights), eigenvectors);
  double rho = 0.03;  // with 0.1 the first masks bind too early: a tenth more error
  at::Tensor moved = at::matmul(target_hat / (eigenvalues + 1e-6), transposed);
  at::Tensor mask = search.pattern.mask(moved.square(), search.keep);
  at::Tensor sparse_hat = masked_product(moved, mask, eigenvectors);  // D
  at::Tensor cut_hat = at::zeros_like(target_hat);                    // V / rho
  at::Tensor moved_hat = at::empty_like(target_hat);                  // W + V / rho
  at::Tensor checked = mask;                                          // the mask at the last check
  for (int iteration = 1; iteration <= kMaxIterations; ++iteration) {
    at::sub_out(moved_hat, sparse_hat, cut_hat);
    moved_hat.mul_(rho).add_(target_hat).div_(eigenvalues + rho).add_(cut_hat);
    at::matmul_out(moved, moved_hat, transposed);
    mask = search.pattern.mask(moved.square(), search.keep);
    sparse_hat = masked_product(moved, mask, eigenvectors);
    at::sub_out(cut_hat, moved_hat, sparse_hat);
    if (iteration % kCheckEvery != 0) continue;
    if (mask.equal(checked) && rho >= kBinding) break;
    rho *= kGrowth;
    cut_hat.div_(kGrowth);
    checked = mask;
  }
  return mask;
}

}  // namespace ncprune
