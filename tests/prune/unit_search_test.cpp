#include "ncprune/prune/unit_search.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/full.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/matrix.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

// What the inputs of `reader` explain when those of the `gone` units are not in use:
// sum_i g_i C_i H^-1 C_i^T.
double explained(const UnitReader& reader, const std::set<int64_t>& gone) {
  const Matrix metric(reader.problem.metric);
  const Matrix cross(reader.problem.cross);
  const Matrix weights(reader.row_weights);
  std::set<int64_t> inputs;
  for (const int64_t unit : gone) {
    const auto columns = elements<int64_t>(reader.columns[unit]);
    inputs.insert(columns.begin(), columns.end());
  }
  double sum = 0;
  for (int64_t i = 0; i < cross.rows(); ++i) {
    std::vector<double> row;
    for (int64_t j = 0; j < metric.rows(); ++j) row.push_back(cross(i, j));
    sum += weights(0, i) * inverse_form(metric, row, all_but(metric.rows(), inputs));
  }
  return sum;
}

// Every step tries every unit and solves the layers again without it.
UnitOrder naive_removal(const std::vector<UnitReader>& readers) {
  const int64_t units = readers.front().columns.size(0);
  UnitOrder removal;
  std::set<int64_t> gone;
  while (std::ssize(gone) < units) {
    double cheapest = std::numeric_limits<double>::infinity();
    int64_t best = -1;
    for (const int64_t j : all_but(units, gone)) {
      std::set<int64_t> without = gone;
      without.insert(j);
      double cost = 0;
      for (const UnitReader& reader : readers) {
        cost += explained(reader, gone) - explained(reader, without);
      }
      if (cost < cheapest) {
        cheapest = cost;
        best = j;
      }
    }
    gone.insert(best);
    removal.units.push_back(best);
    removal.costs.push_back(cheapest);
  }
  return removal;
}

// A layer of d inputs, three rows, one of which does not count, behind a layer that was pruned.
UnitReader reader_of(const at::Tensor& columns, int64_t d, uint64_t seed) {
  const at::Tensor root = normal({d, 2 * d}, seed);
  const at::Tensor metric =
      at::matmul(root, root.t()) / (2 * d) + at::full({d, d}, 0.3, at::kDouble);
  return {{metric, at::matmul(normal({3, d}, seed + 1), metric) + 0.1 * normal({3, d}, seed + 2)},
          doubles({2, 0, 0.5}, {3}),
          columns};
}

void expect_same(const std::vector<UnitReader>& readers) {
  const UnitOrder naive = naive_removal(readers);
  const int64_t units = readers.front().columns.size(0);
  for (const int64_t count : {int64_t{0}, int64_t{1}, units / 2, units}) {
    const UnitOrder found = remove_units(readers, count);
    ASSERT_EQ(std::ssize(found.units), count);
    ASSERT_EQ(std::ssize(found.costs), count);
    for (size_t i = 0; i < found.units.size(); ++i) {
      EXPECT_EQ(found.units[i], naive.units[i]) << "step " << i;
      EXPECT_NEAR(found.costs[i], naive.costs[i], 1e-9 * naive.costs.back()) << "step " << i;
    }
  }
}

at::Tensor places(const std::vector<int64_t>& values, at::IntArrayRef shape) {
  return at::tensor(values, at::TensorOptions(at::kLong)).view(shape);
}

TEST(RemoveUnits, AgreesWithSolvingTheLayerAnewWithoutEachInput) {
  for (const int64_t d : {1, 2, 7, 20}) {
    SCOPED_TRACE(d);
    expect_same({reader_of(at::arange(d).unsqueeze(1), d, 1)});
  }
}

TEST(RemoveUnits, OfSeveralInputsLeaveTogether) {
  // Out of order, with inputs of other units (3 and 8) in between.
  expect_same({reader_of(places({4, 0, 2, 1, 5, 6, 9, 7}, {4, 2}), 10, 1)});
}

TEST(RemoveUnits, AddUpWhatEveryReaderLoses) {
  expect_same({reader_of(places({4, 0, 2, 1, 5, 6, 9, 7}, {4, 2}), 10, 1),
               reader_of(places({3, 1, 2, 0}, {4, 1}), 4, 5)});
}

TEST(RemoveUnits, TakesTheLowerIndexOfEquals) {
  const LayerProblem alike{at::eye(20, at::kDouble), at::ones({2, 20}, at::kDouble)};
  const UnitOrder removal =
      remove_units({{alike, at::ones({2}, at::kDouble), at::arange(20).unsqueeze(1)}}, 20);
  EXPECT_EQ(removal.units, all_but(20, {}));
}

}  // namespace
}  // namespace ncprune
