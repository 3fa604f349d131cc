#include "ncprune/prune/reconstruction.h"

#include <ATen/Parallel.h>
#include <ATen/ops/cholesky_inverse.h>
#include <ATen/ops/cholesky_solve.h>
#include <ATen/ops/linalg_cholesky.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros_like.h>

namespace ncprune {
namespace {

// x with A x = b, A symmetric positive definite [s, s], b [s].
at::Tensor solve_definite(const at::Tensor& a, const at::Tensor& b) {
  return at::cholesky_solve(b.unsqueeze(1), at::linalg_cholesky(a)).squeeze(1);
}

at::Tensor block(const at::Tensor& matrix, const at::Tensor& indices) {
  return matrix.index_select(0, indices).index_select(1, indices);
}

}  // namespace

LayerProblem LayerProblem::of(const LayerMoments& moments, const at::Tensor& weight,
                              double damping) {
  const at::Tensor metric = damped(moments.metric, damping);
  const at::Tensor ridge = metric.diagonal() - moments.metric.diagonal();
  return {metric, (weight.to(at::kDouble) * ridge).add_(moments.cross)};
}

at::Tensor least_squares(const LayerProblem& problem, const at::Tensor& mask) {
  const int64_t d = problem.metric.size(0);
  const at::Tensor kept = mask.sum(1).contiguous();
  const auto kept_per_row = elements<int64_t>(kept);
  at::Tensor inverse;  // of the metric, and the unmasked optimum: only if a row keeps most weights
  at::Tensor unmasked;
  if (kept.max().item<int64_t>() * 2 > d) {
    inverse = at::cholesky_inverse(at::linalg_cholesky(problem.metric));
    unmasked = at::matmul(problem.cross, inverse);
  }
  at::Tensor solution = at::zeros_like(problem.cross);
  const auto solve_row = [&](int64_t i) {
    const int64_t s = kept_per_row[static_cast<size_t>(i)];
    if (s == 0) return;
    if (s * 2 <= d) {
      const at::Tensor support = mask[i].nonzero().flatten();
      solution[i].index_copy_(0, support,
                              solve_definite(block(problem.metric, support),
                                             problem.cross[i].index_select(0, support)));
      return;
    }
    // Few removed weights r: start from the unmasked optimum and remove them exactly (OBS).
    const at::Tensor removed = mask[i].logical_not().nonzero().flatten();
    if (removed.numel() == 0) {
      solution[i].copy_(unmasked[i]);
      return;
    }
    const at::Tensor multipliers =
        solve_definite(block(inverse, removed), unmasked[i].index_select(0, removed));
    solution[i].copy_(unmasked[i] - at::matmul(multipliers, inverse.index_select(0, removed)));
    solution[i].index_fill_(0, removed, 0);
  };
  at::parallel_for(0, mask.size(0), 1, [&](int64_t begin, int64_t end) {
    const at::NoGradGuard no_grad;
    for (int64_t i = begin; i < end; ++i) solve_row(i);
  });
  return solution;
}

}  // namespace ncprune
