#include "ncprune/prune/reconstruction.h"
#include "ncprune/prune/keep_largest.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/full.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "ncprune/base/lookup.h"
#include "tests/matrix.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

// A problem of `rows` x `columns` as the data give one: correlated inputs, C = W H + noise.
LayerProblem random_problem(int64_t rows, int64_t columns, uint64_t seed) {
  const at::Tensor root = normal({columns, 2 * columns}, seed);
  const at::Tensor metric =
      at::matmul(root, root.t()) / (2 * columns) + at::full({columns, columns}, 0.3, at::kDouble);
  return {metric, at::matmul(normal({rows, columns}, seed + 1000), metric) +
                      0.1 * normal({rows, columns}, seed + 2000)};
}

// V_i H V_i^T - 2 V_i C_i^T, summed over the rows.
double objective(const LayerProblem& problem, const at::Tensor& solution) {
  return ((at::matmul(solution, problem.metric) - 2 * problem.cross) * solution)
      .sum()
      .item<double>();
}

// Each row by its own normal equations on its own support.
Matrix naive_least_squares(const LayerProblem& problem, const at::Tensor& mask) {
  const Matrix metric(problem.metric);
  const Matrix cross(problem.cross);
  const Matrix kept(mask);
  Matrix solution(cross.rows(), cross.columns());
  for (int64_t i = 0; i < cross.rows(); ++i) {
    std::vector<int64_t> support;
    for (int64_t j = 0; j < cross.columns(); ++j) {
      if (kept(i, j) != 0) support.push_back(j);
    }
    const auto s = static_cast<int64_t>(support.size());
    Matrix a(s, s);
    std::vector<double> b;
    for (int64_t p = 0; p < s; ++p) {
      b.push_back(cross(i, support[static_cast<size_t>(p)]));
      for (int64_t q = 0; q < s; ++q) {
        a(p, q) = metric(support[static_cast<size_t>(p)], support[static_cast<size_t>(q)]);
      }
    }
    const std::vector<double> x = solve(a, b);
    for (size_t p = 0; p < support.size(); ++p) solution(i, support[p]) = x[p];
  }
  return solution;
}

TEST(LeastSquares, AgreesWithNormalEquationsForEveryNumberOfKeptWeights) {
  for (const int64_t d : {1, 2, 7, 24}) {
    const LayerProblem problem = random_problem(d + 1, d, 1);
    at::Tensor mask = at::zeros({d + 1, d}, at::kBool);
    // Row i keeps i weights, anywhere: both ways of solving, and both ends.
    for (int64_t i = 0; i <= d; ++i) {
      const auto row = static_cast<uint64_t>(i);
      mask[i].index_fill_(0, Random(row).permutation(d).slice(0, 0, i), true);
    }
    SCOPED_TRACE(d);
    const at::Tensor solution = least_squares(problem, mask);
    expect_near(solution, naive_least_squares(problem, mask), 1e-10);
    EXPECT_TRUE(solution.masked_select(mask.logical_not()).eq(0).all().item<bool>());
    const at::Tensor sparse = mask.slice(0, 0, d / 2 + 1);  // no row that keeps most
    const LayerProblem top{problem.metric, problem.cross.slice(0, 0, d / 2 + 1)};
    expect_near(least_squares(top, sparse), naive_least_squares(top, sparse), 1e-10);
  }
}

TEST(LayerProblem, DampingPullsTowardsTheDenseWeights) {
  LayerMoments moments;
  moments.metric = random_problem(3, 5, 2).metric;
  moments.cross = normal({3, 5}, 3);
  const at::Tensor weight = normal({3, 5}, 4);
  const at::Tensor all = at::ones({3, 5}, at::kBool);
  const auto unmasked = [&](double damping) {
    return least_squares(LayerProblem::of(moments, weight, damping), all);
  };
  expect_near(unmasked(1e7), Matrix(weight), 1e-5);
  expect_near(at::matmul(unmasked(0), moments.metric), Matrix(moments.cross), 1e-9);
  const auto distance = [&](double damping) {
    return (unmasked(damping) - weight).norm().item<double>();
  };
  EXPECT_LT(distance(1), distance(0.01));
  EXPECT_LT(distance(0.01), distance(0.0001));
}

const Pattern& any_weights() {
  return find_named(patterns(), "layer", "pattern");
}

TEST(SearchSupport, ComesCloserToTheBestOfAllSupportsThanMagnitudeDoes) {
  constexpr int64_t kInputs = 6;
  // Lost over the best support, as shares of what all weights explain; summed over problems.
  double searched = 0;
  double ranked = 0;
  double problems = 0;
  for (uint64_t seed = 0; seed < 30; ++seed) {
    const LayerProblem problem = random_problem(1, kInputs, seed);
    const auto error = [&](const at::Tensor& mask) {
      return objective(problem, least_squares(problem, mask));
    };
    const at::Tensor unmasked = least_squares(problem, at::ones({1, kInputs}, at::kBool));
    const double explained = -objective(problem, unmasked);
    for (int64_t keep = 1; keep < kInputs; ++keep) {
      double best = std::numeric_limits<double>::infinity();
      for (unsigned bits = 0; bits < 1U << kInputs; ++bits) {
        if (std::popcount(bits) != keep) continue;
        at::Tensor mask = at::zeros({1, kInputs}, at::kBool);
        for (int64_t j = 0; j < kInputs; ++j) mask[0][j] = (bits >> j & 1U) != 0;
        best = std::min(best, error(mask));
      }
      const at::Tensor found =
          search_support(problem, {any_weights(), keep, at::ones({1}, at::kDouble)});
      ASSERT_EQ(found.sum().item<int64_t>(), keep);
      searched += (error(found) - best) / explained;
      ranked += (error(keep_largest(unmasked.abs(), keep)) - best) / explained;
      problems += 1;
    }
  }
  // The search is a heuristic: on average it loses little, and far less than a ranking.
  EXPECT_LT(searched / problems, 0.02);
  EXPECT_LT(searched, 0.5 * ranked) << ranked / problems;
}

TEST(SearchSupport, BeatsMagnitudeWithTheSameRefit) {
  for (uint64_t seed = 0; seed < 10; ++seed) {
    const LayerProblem problem = random_problem(20, 30, seed);
    const at::Tensor unmasked = least_squares(problem, at::ones({20, 30}, at::kBool));
    for (const int64_t keep : {30, 150, 300}) {
      const at::Tensor found =
          search_support(problem, {any_weights(), keep, at::ones({20}, at::kDouble)});
      const at::Tensor largest = keep_largest(unmasked.abs(), keep);
      EXPECT_LE(objective(problem, least_squares(problem, found)),
                objective(problem, least_squares(problem, largest)))
          << "seed " << seed << ", keeps " << keep;
    }
  }
}

TEST(SearchSupport, SpendsWeightsOnTheRowsThatCount) {
  const LayerProblem problem = random_problem(2, 20, 1);
  const auto kept_by_first = [&](double row_weight) {
    return search_support(problem, {any_weights(), 20, doubles({row_weight, 1}, {2})})[0]
        .sum()
        .item<int64_t>();
  };
  EXPECT_GT(kept_by_first(100), kept_by_first(1));
  EXPECT_LT(kept_by_first(0), kept_by_first(1));
}

}  // namespace
}  // namespace ncprune
