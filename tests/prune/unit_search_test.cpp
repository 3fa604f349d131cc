#include "ncprune/prune/unit_search.h"

#include <ATen/ops/eye.h>
#include <ATen/ops/full.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/matrix.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

// At every step every input is tried, and the layer solved for anew without it.
Removal naive_removal(const LayerProblem& problem, const at::Tensor& row_weights) {
  const Matrix metric(problem.metric);
  const Matrix cross(problem.cross);
  const Matrix weights(row_weights);
  const int64_t d = metric.rows();
  // What the inputs in use explain: sum_i g_i C_i H^-1 C_i^T.
  const auto explained = [&](const std::set<int64_t>& gone) {
    double sum = 0;
    for (int64_t i = 0; i < cross.rows(); ++i) {
      std::vector<double> row;
      for (int64_t j = 0; j < d; ++j) row.push_back(cross(i, j));
      sum += weights(0, i) * inverse_form(metric, row, all_but(d, gone));
    }
    return sum;
  };
  Removal removal;
  std::set<int64_t> gone;
  while (std::ssize(gone) < d) {
    double cheapest = std::numeric_limits<double>::infinity();
    int64_t best = -1;
    for (const int64_t j : all_but(d, gone)) {
      std::set<int64_t> without = gone;
      without.insert(j);
      const double cost = explained(gone) - explained(without);
      if (cost < cheapest) {
        cheapest = cost;
        best = j;
      }
    }
    gone.insert(best);
    removal.order.push_back(best);
    removal.costs.push_back(cheapest);
  }
  return removal;
}

TEST(RemoveInputs, AgreesWithSolvingTheLayerAnewWithoutEachInput) {
  for (const int64_t d : {1, 2, 7, 20}) {
    SCOPED_TRACE(d);
    const at::Tensor root = normal({d, 2 * d}, 1);
    const at::Tensor metric =
        at::matmul(root, root.t()) / (2 * d) + at::full({d, d}, 0.3, at::kDouble);
    // Not what the weights alone would give: the layer before was pruned.
    const LayerProblem problem{metric,
                               at::matmul(normal({3, d}, 2), metric) + 0.1 * normal({3, d}, 3)};
    const at::Tensor row_weights = doubles({2, 0, 0.5}, {3});
    const Removal naive = naive_removal(problem, row_weights);
    for (const int64_t count : {int64_t{0}, int64_t{1}, d / 2, d}) {
      const Removal found = remove_inputs(problem, row_weights, {count});
      ASSERT_EQ(std::ssize(found.order), count);
      ASSERT_EQ(std::ssize(found.costs), count);
      for (size_t i = 0; i < found.order.size(); ++i) {
        EXPECT_EQ(found.order[i], naive.order[i]) << "step " << i;
        EXPECT_NEAR(found.costs[i], naive.costs[i], 1e-9 * naive.costs.back()) << "step " << i;
      }
    }
  }
}

TEST(RemoveInputs, TakesTheLowerIndexOfEquals) {
  const LayerProblem alike{at::eye(20, at::kDouble), at::ones({2, 20}, at::kDouble)};
  const Removal removal = remove_inputs(alike, at::ones({2}, at::kDouble), {20});
  EXPECT_EQ(removal.order, all_but(20, {}));
}

}  // namespace
}  // namespace ncprune
