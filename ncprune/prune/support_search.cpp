#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros_like.h>

#include "ncprune/prune/reconstruction.h"

namespace ncprune {

at::Tensor search_support(const LayerProblem& problem, const SupportSearch& search) {
  constexpr int kMinIterations = 30;  // a mask of few weights stands still before the rest moved
  constexpr int kMaxIterations = 150;
  constexpr int kCheckEvery = 3;
  // Scaled to unit diagonal and with the row weights folded in, every row shares one plain metric.
  const at::Tensor scale = problem.metric.diagonal().sqrt();
  const at::Tensor metric = problem.metric / scale / scale.unsqueeze(1);
  const at::Tensor floor = search.row_weights.mean() * 1e-6 + 1e-300;
  const at::Tensor row_scale = search.row_weights.maximum(floor).sqrt().unsqueeze(1);
  at::Tensor target_double = problem.cross / scale * row_scale;
  // Only the support matters here, and the exact refit follows: iterate in float, at unit size.
  const at::Tensor target =
      (target_double / target_double.square().mean().sqrt().clamp_min(1e-300)).to(at::kFloat);
  const auto [eigenvalues_double, eigenvectors_double] = at::linalg_eigh(metric);
  const at::Tensor eigenvalues = eigenvalues_double.to(at::kFloat).clamp_min(0);
  const at::Tensor eigenvectors = eigenvectors_double.to(at::kFloat).contiguous();
  const at::Tensor transposed = eigenvectors.t().contiguous();

  // X = R (H + rho I)^-1 in the eigenbasis.
  const auto solve = [&](const at::Tensor& right, double rho) {
    return at::matmul(at::matmul(right, eigenvectors).div_(eigenvalues + rho), transposed);
  };
  double rho = 0.1;
  const at::Tensor start = solve(target, 1e-6);
  at::Tensor mask = search.pattern.mask(start.square(), search.keep);
  at::Tensor sparse = start * mask;          // D
  at::Tensor dual = at::zeros_like(target);  // V
  at::Tensor checked = mask;                 // the mask at the last check
  for (int iteration = 1; iteration <= kMaxIterations; ++iteration) {
    const at::Tensor dense = solve((target - dual).add_(sparse, rho), rho);  // W
    const at::Tensor moved = dense + dual / rho;
    mask = search.pattern.mask(moved.square(), search.keep);
    sparse = moved * mask;
    dual.add_(dense - sparse, rho);
    if (iteration % kCheckEvery != 0) continue;
    const double change = static_cast<double>(mask.logical_xor(checked).sum().item<int64_t>()) /
                          static_cast<double>(std::max<int64_t>(search.keep, 1));
    if (change == 0 && iteration >= kMinIterations) break;
    rho *= change > 0.1 ? 1.3 : change > 0.005 ? 1.2 : 1.1;
    checked = mask;
  }
  return mask;
}

}  // namespace ncprune
