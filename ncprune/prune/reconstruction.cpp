#include "ncprune/prune/reconstruction.h"

#include <ATen/Parallel.h>
#include <ATen/ops/cholesky_inverse.h>
#include <ATen/ops/cholesky_solve.h>
#include <ATen/ops/linalg_cholesky.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include "ncprune/base/device.h"

namespace ncprune {
namespace {

at::Tensor block(const at::Tensor& matrix, const at::Tensor& indices) {
  return matrix.index_select(0, indices).index_select(1, indices);
}

// The problems of the rows of `mask` (bool [m, d]) in main memory, one after the other.
at::Tensor solve_rows(const at::Tensor& matrix, const at::Tensor& right, const at::Tensor& mask) {
  at::Tensor solution = at::zeros_like(right);
  at::parallel_for(0, mask.size(0), 1, [&](int64_t begin, int64_t end) {
    const at::NoGradGuard no_grad;
    for (int64_t i = begin; i < end; ++i) {
      const at::Tensor own = mask[i].nonzero().flatten();
      if (own.numel() == 0) continue;
      const at::Tensor factor = at::linalg_cholesky(block(matrix, own));
      const at::Tensor b = right[i].index_select(0, own).unsqueeze(1);
      solution[i].index_copy_(0, own, at::cholesky_solve(b, factor).squeeze(1));
    }
  });
  return solution;
}

// Solves the same rows on another device, many in one call. All matrices of a call have the size of
// the largest: a smaller one is filled up with rows and columns of the identity, and its solution
// stays the same.
at::Tensor solve_rows_together(const at::Tensor& matrix, const at::Tensor& right,
                               const at::Tensor& mask) {
  constexpr int64_t kElements = int64_t{1} << 26;  // of the matrices at a time: 512 MiB
  const auto [counts, order] = mask.sum(1).sort();
  const at::Tensor sorted_counts = counts.cpu();
  const auto count = elements<int64_t>(sorted_counts);
  at::Tensor solution = at::zeros_like(right);
  for (int64_t begin = 0, end = 0; begin < mask.size(0); begin = end) {
    const auto affordable = [&](int64_t rows, int64_t size) {
      return rows == 1 || rows * size * size <= kElements;
    };
    while (end < mask.size(0) && affordable(end + 1 - begin, count[static_cast<size_t>(end)])) {
      ++end;
    }
    const int64_t size = count[static_cast<size_t>(end - 1)];
    if (size == 0) continue;
    const at::Tensor rows = order.slice(0, begin, end);
    // For each row its own columns first; a shorter row goes on with others, which `filling` marks.
    const at::Tensor own = mask.index_select(0, rows);
    const at::Tensor places = own.to(at::kInt).argsort(1, /*descending=*/true).slice(1, 0, size);
    const at::Tensor filling = own.gather(1, places).logical_not();
    at::Tensor matrices = matrix.index({places.unsqueeze(2), places.unsqueeze(1)});
    matrices.masked_fill_(filling.unsqueeze(1).logical_or(filling.unsqueeze(2)), 0);
    matrices.diagonal(0, 1, 2).masked_fill_(filling, 1);
    const at::Tensor b = right.index_select(0, rows).gather(1, places).masked_fill(filling, 0);
    const at::Tensor found =
        at::cholesky_solve(b.unsqueeze(2), at::linalg_cholesky(matrices)).squeeze(2);
    const at::Tensor zeros = at::zeros({end - begin, right.size(1)}, right.options());
    solution.index_copy_(0, rows, zeros.scatter(1, places, found));
  }
  return solution;
}

// x [m, d], zero where `mask` is false, with (matrix x_i)_j = right_ij where `mask` is true;
// `matrix` symmetric positive definite [d, d].
at::Tensor solve_on(const at::Tensor& mask, const at::Tensor& matrix, const at::Tensor& right) {
  return mask.is_cpu() ? solve_rows(matrix, right, mask) : solve_rows_together(matrix, right, mask);
}

}  // namespace

LayerProblem LayerProblem::of(const LayerMoments& moments, const at::Tensor& weight,
                              double damping) {
  const at::Tensor metric = damped(moments.metric, damping);
  const at::Tensor ridge = metric.diagonal() - moments.metric.diagonal();
  return {metric, (weight.to(at::kDouble) * ridge).add_(moments.cross)};
}

at::Tensor least_squares(const LayerProblem& given, const at::Tensor& given_mask) {
  const at::Device device = compute_device();
  const LayerProblem problem{given.metric.to(device), given.cross.to(device)};
  const at::Tensor mask = given_mask.to(device);
  const int64_t d = problem.metric.size(0);
  const at::Tensor most = mask.sum(1, /*keepdim=*/true).mul(2).gt(d);  // rows that keep most
  at::Tensor solution =
      solve_on(mask.logical_and(most.logical_not()), problem.metric, problem.cross);
  const at::Tensor rows = most.squeeze(1).nonzero().flatten();
  if (rows.numel() > 0) {
    // Few removed weights: start from the unmasked optimum and remove them exactly (OBS).
    const at::Tensor inverse = at::cholesky_inverse(at::linalg_cholesky(problem.metric));
    const at::Tensor removed = mask.index_select(0, rows).logical_not_();
    at::Tensor optimum = at::matmul(problem.cross.index_select(0, rows), inverse);
    optimum.addmm_(solve_on(removed, inverse, optimum), inverse, 1, -1);
    solution.index_copy_(0, rows, optimum.masked_fill_(removed, 0));
  }
  return solution.cpu();
}

}  // namespace ncprune
