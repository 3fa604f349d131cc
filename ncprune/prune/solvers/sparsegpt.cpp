#include <ATen/ops/cholesky_inverse.h>
#include <ATen/ops/linalg_cholesky.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>

#include "ncprune/base/device.h"
#include "ncprune/prune/solver.h"

namespace ncprune::solvers_files {
namespace {

constexpr int64_t kBlock = 128;  // columns

// Removes weights column by column from the left, and the columns to the right compensate. Masks
// are chosen for blocks of columns by w^2 / U_jj^2, U the Cholesky factor of H^-1. Row weights have
// no effect. Not for Pattern::whole. O(d^3 + m d^2).
LayerSolution solve_sparsegpt(const SolverInput& input) {
  const Pattern& pattern = input.pattern;
  const at::Device device = compute_device();
  const at::Tensor dense = input.weight.to(device);
  const int64_t d = dense.size(1);
  const int64_t group = pattern.group ? pattern.group->second : 1;
  const int64_t block = std::max<int64_t>(1, kBlock / group) * group;
  // H^-1 = U^T U: row j of U holds row j of H^-1 after the columns before j were eliminated.
  const at::Tensor inverse =
      at::cholesky_inverse(at::linalg_cholesky(input.problem.metric.to(device)));
  const at::Tensor factor = at::linalg_cholesky(inverse).t().contiguous();
  const at::Tensor pivots = factor.diagonal();
  at::Tensor weight = at::matmul(input.problem.cross.to(device), inverse);
  at::Tensor mask = at::ones_like(weight, at::kBool);
  const double share = static_cast<double>(input.keep) / static_cast<double>(weight.numel());
  int64_t kept = 0;
  for (int64_t begin = 0; begin < d; begin += block) {
    const int64_t end = std::min(begin + block, d);
    const auto up_to = std::llround(share * static_cast<double>(weight.size(0) * end));
    const auto choose = [&](int64_t from, int64_t to, int64_t keep) {
      const at::Tensor scores = (weight.slice(1, from, to) / pivots.slice(0, from, to)).square();
      const at::Tensor before = dense.slice(1, from, to);
      mask.slice(1, from, to).copy_(zeros_last(pattern, before).mask(scores, keep));
    };
    if (!pattern.group) {
      choose(begin, end, up_to - kept);
      kept += mask.slice(1, begin, end).sum().item<int64_t>();  // each row rounds by itself
    }
    at::Tensor errors = at::zeros_like(weight.slice(1, begin, end));
    for (int64_t j = begin; j < end; ++j) {
      if (pattern.group && (j - begin) % group == 0) choose(j, std::min(j + group, end), 0);
      const at::Tensor column = weight.select(1, j);
      const at::Tensor error = column * mask.select(1, j).logical_not() / pivots[j];
      weight.slice(1, j, end).addr_(error, factor[j].slice(0, j, end), 1, -1);
      errors.select(1, j - begin).copy_(error);
    }
    weight.slice(1, end, d).sub_(at::matmul(errors, factor.slice(0, begin, end).slice(1, end, d)));
  }
  return {(weight * mask).cpu(), mask.cpu()};
}

}  // namespace

Solver sparsegpt() {
  return {.summary = "one column after the other, from the left",
          .source = "Frantar, Alistarh 2023",
          .one_by_one = "decides one column after the other",
          .solve = solve_sparsegpt};
}

}  // namespace ncprune::solvers_files
