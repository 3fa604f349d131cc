// The step of the search for a mask against plain loops in double.
#include "ncprune/prune/admm_iterate.h"

#include <ATen/ops/eye.h>
#include <ATen/ops/linalg_inv.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

#include "tests/small_network.h"

namespace ncprune {
namespace {

LayerProblem problem_of(int64_t outputs, int64_t inputs) {
  const at::Tensor samples = normal({2 * inputs + 3, inputs}, 1);
  const at::Tensor scale = 1 + normal({inputs}, 2).abs();
  const at::Tensor metric =
      at::matmul(samples.t(), samples) * scale * scale.unsqueeze(1) + at::eye(inputs, at::kDouble);
  return {metric, at::matmul(normal({outputs, inputs}, 3), metric)};
}

// W = (T + rho (D - V)) (H + rho I)^-1 in the scale where H has unit diagonal; W + V.
struct Reference {
  at::Tensor metric;
  at::Tensor target;
  at::Tensor dual;   // V
  at::Tensor moved;  // W + V

  void advance(const at::Tensor& kept, double rho, double growth) {
    dual = (moved.defined() ? moved - kept : at::zeros_like(kept)) / growth;
    const at::Tensor pulled = metric + rho * at::eye(metric.size(0), at::kDouble);
    moved = at::matmul(target + rho * (kept - dual), at::linalg_inv(pulled)) + dual;
  }
};

Reference reference_of(const LayerProblem& problem, const at::Tensor& row_weights) {
  const at::Tensor scale = problem.metric.diagonal().sqrt();
  const at::Tensor target = problem.cross / scale * row_weights.sqrt().unsqueeze(1);
  return {
      problem.metric / scale / scale.unsqueeze(1), target / target.square().mean().sqrt(), {}, {}};
}

double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  return (a.to(at::kDouble) - b).abs().max().item<double>();
}

TEST(AdmmIterate, AdvancesLikeTheFormulasForAwkwardSizes) {
  for (const auto& [outputs, inputs] : std::vector<std::pair<int64_t, int64_t>>{
           {1, 1}, {3, 2}, {9, 63}, {8, 64}, {17, 65}, {5, 130}}) {
    SCOPED_TRACE(std::to_string(outputs) + " x " + std::to_string(inputs));
    const LayerProblem problem = problem_of(outputs, inputs);
    const at::Tensor row_weights = normal({outputs}, 4).abs() + 0.1;
    AdmmIterate iterate(EigenProblem::of(problem, row_weights));
    Reference reference = reference_of(problem, row_weights);
    at::Tensor kept = iterate.start();
    double rho = 0.05;
    for (uint64_t step = 0; step < 5; ++step) {
      const at::Tensor mask = normal({outputs, inputs}, 10 + step).gt(0.3);
      const double growth = step % 2 == 0 ? 1 : 1.2;
      rho *= growth;
      SparseRows near = SparseRows::of(kept, normal({outputs, inputs}, 20 + step).gt(0));
      iterate.advance(SparseRows::of(kept, mask), {rho, growth, step == 0}, &near);
      reference.advance((kept * mask).to(at::kDouble), rho, growth);
      const at::Tensor moved = iterate.moved();
      EXPECT_LT(largest_difference(moved, reference.moved), 2e-4) << "step " << step;
      for (int64_t i = 0; i < outputs; ++i) {
        for (size_t p = near.first[static_cast<size_t>(i)];
             p < near.first[static_cast<size_t>(i) + 1]; ++p) {
          EXPECT_NEAR(near.value[p], moved[i][near.column[p]].item<double>(), 2e-4);
        }
      }
      kept = moved;
    }
  }
}

TEST(SparseRows, HoldTheElementsUnderAMask) {
  const at::Tensor matrix = normal({4, 7}, 1).to(at::kFloat);
  const at::Tensor mask = normal({4, 7}, 2).gt(0.2);
  const at::Tensor fewer = mask.logical_and(normal({4, 7}, 3).gt(0));
  for (const auto& [rows, wanted] : {std::pair{SparseRows::of(matrix, mask), mask},
                                     std::pair{SparseRows::of(matrix, mask).where(fewer), fewer}}) {
    at::Tensor dense = at::zeros_like(matrix);
    for (size_t i = 0; i < 4; ++i) {
      for (size_t p = rows.first[i]; p < rows.first[i + 1]; ++p) {
        dense[static_cast<int64_t>(i)][rows.column[p]] = rows.value[p];
      }
    }
    EXPECT_TRUE(dense.equal(matrix * wanted));
  }
}

}  // namespace
}  // namespace ncprune
