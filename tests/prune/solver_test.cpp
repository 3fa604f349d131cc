// OBC, SparseGPT and Wanda against reference/solvers.py, and the properties of every solver.
#include "ncprune/prune/solver.h"

#include <ATen/ops/eye.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "ncprune/base/lookup.h"
#include "ncprune/criteria/criterion.h"
#include "tests/data/input_error.h"
#include "tests/golden.h"
#include "tests/matrix.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

struct Problem {
  at::Tensor samples;
  at::Tensor weight;
  LayerProblem layer;
  int64_t keep;

  SolverInput input(const Pattern& pattern) const {
    return {layer, weight, pattern, keep, at::ones({weight.size(0)}, at::kDouble)};
  }
};

Problem problem_of(const Json& json, double damping) {
  const int64_t d = json.at("columns");
  const int64_t count = json.at("samples");
  const at::Tensor samples = golden_numbers(count, d, {317, 59, 13});
  const at::Tensor weight = golden_numbers(json.at("rows"), d, {401, 173, 29});
  const at::Tensor metric =
      damped(at::matmul(samples.t(), samples) / static_cast<double>(count), damping);
  return {samples, weight, {metric, at::matmul(weight, metric)}, json.at("keep")};
}

void expect_golden(const Json& golden, const at::Tensor& weight, const at::Tensor& mask) {
  ASSERT_EQ(mask.ne(golden_mask(golden.at("mask"))).sum().item<int64_t>(), 0)
      << "entries of the mask differ";
  const std::vector<double> kept = golden.at("kept");
  expect_near(weight.masked_select(mask), Matrix(doubles(kept, {std::ssize(kept)})), 1e-8);
  EXPECT_EQ((weight * mask.logical_not()).count_nonzero().item<int64_t>(), 0);
}

// Wanda by way of the program's own statistics: its mask from its criterion.
LayerSolution wanda(const SolverInput& input, const at::Tensor& samples) {
  const Criterion criterion = find_criterion("wanda");
  LayerStatistics statistics;
  statistics.input_square_mean = samples.square().mean(0);
  Random random(1);
  const at::Tensor scores = criterion.score({input.weight, statistics, criterion.options, random});
  const at::Tensor mask = input.pattern.mask(scores, input.keep);
  return {input.weight * mask, mask};
}

TEST(Solvers, AgreeWithTheirPublishedFormulas) {
  const Json golden = ncprune::golden("solvers");
  for (const Json& json : golden.at("problems")) {
    const Problem problem = problem_of(json, golden.at("damping"));
    for (const auto& [name, wanted] : json.at("patterns").items()) {
      SCOPED_TRACE(testing::Message()
                   << problem.weight.sizes() << " keeps " << problem.keep << ", pattern " << name);
      const Pattern pattern = find_pattern(name);
      const SolverInput input = problem.input(pattern);
      for (const auto& [method, result] : wanted.items()) {
        SCOPED_TRACE(method);
        const LayerSolution solution = method == "wanda"
                                           ? wanda(input, problem.samples)
                                           : find_named(solvers(), method, "solver").solve(input);
        expect_golden(result, solution.weight, solution.mask);
      }
    }
  }
}

TEST(Solvers, ThatAreExactLeaveNothingToRepair) {
  const Json golden = ncprune::golden("solvers");
  const Problem problem = problem_of(golden.at("problems").at(0), golden.at("damping"));
  const Pattern pattern = find_pattern("layer");
  int exact = 0;
  for (const Solver& solver : solvers()) {
    if (!solver.exact) continue;
    SCOPED_TRACE(solver.name);
    ++exact;
    const LayerSolution solution = solver.solve(problem.input(pattern));
    expect_near(solution.weight, Matrix(least_squares(problem.layer, solution.mask)), 0);
  }
  EXPECT_GE(exact, 2);
}

TEST(SparseGpt, KeepsAsManyInEveryRowAsAskedHoweverManyBlocksOfColumns) {
  const int64_t d = 4 * 128;  // four blocks
  const at::Tensor metric = at::eye(d, at::kDouble);
  const at::Tensor weight = normal({2, d}, 1);
  const Pattern row = find_pattern("row");
  const at::Tensor one = at::ones({2}, at::kDouble);
  const LayerProblem problem{metric, weight};
  const LayerSolution solution =
      find_named(solvers(), "sparsegpt", "solver").solve({problem, weight, row, 2 * 154, one});
  // 38.5 in each block.
  expect_near(solution.mask.sum(1), Matrix(doubles({154, 154}, {2})), 0);
}

TEST(Solvers, RefuseEveryPatternTheyHaveNoRuleForAndGiveTheReason) {
  const Problem problem{{}, normal({8, 8}, 1), {at::eye(8, at::kDouble), normal({8, 8}, 1)}, 32};
  for (const Solver& solver : solvers()) {
    if (solver.solve == nullptr) continue;  // takes the scores' masks, whatever the pattern
    for (const Pattern& pattern : patterns()) {
      SCOPED_TRACE(solver.name + " " + pattern.name);
      const bool whole = pattern.name == "neuron" || pattern.name.starts_with("block:");
      if (solver.name == "admm" || !whole) {
        require_rule(solver, pattern);
        const LayerSolution solution = solver.solve(problem.input(pattern));
        EXPECT_EQ(solution.mask.sum().item<int64_t>(), 32);
        EXPECT_TRUE(solution.weight.ne(0).equal(solution.mask));
      } else {
        const std::string refusal = input_error([&] { require_rule(solver, pattern); });
        EXPECT_EQ(refusal.rfind("solver " + solver.name, 0), 0U) << refusal;
        EXPECT_NE(refusal.find("'" + pattern.name + "'"), std::string::npos) << refusal;
      }
    }
  }
}

}  // namespace
}  // namespace ncprune
