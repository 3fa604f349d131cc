#include "ncprune/prune/pattern.h"

#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tests/data/input_error.h"
#include "tests/matrix.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

struct Shape {
  int64_t rows, columns;
};

constexpr std::array kShapes{Shape{1, 1}, Shape{1, 7},  Shape{7, 1},
                             Shape{3, 8}, Shape{5, 10}, Shape{8, 9}};

// Scores of either sign, and few of them, so that many tie.
std::vector<at::Tensor> score_kinds(const Shape& shape) {
  const at::Tensor drawn = normal({shape.rows, shape.columns}, 1);
  return {drawn, (2 * drawn).floor(), at::ones({shape.rows, shape.columns}, at::kDouble)};
}

// The indices of the largest values first, of equals the lower index.
std::vector<int64_t> ranked(const std::vector<double>& values) {
  std::vector<int64_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return values[static_cast<size_t>(a)] > values[static_cast<size_t>(b)];
  });
  return order;
}

TEST(GroupPattern, KeepsTheLargestNOfEveryMNeighbours) {
  for (const auto& [n, m] : std::vector<std::pair<int64_t, int64_t>>{
           {1, 1}, {1, 2}, {2, 4}, {4, 8}, {3, 5}, {1, 100}, {4, 4}}) {
    const Pattern pattern = find_pattern(std::to_string(n) + ":" + std::to_string(m));
    EXPECT_EQ(pattern.group, std::pair(n, m));
    for (const Shape& shape : kShapes) {
      for (const at::Tensor& scores : score_kinds(shape)) {
        const Matrix values(scores);
        Matrix wanted(shape.rows, shape.columns);
        for (int64_t i = 0; i < shape.rows; ++i) {
          for (int64_t begin = 0; begin < shape.columns; begin += m) {
            std::vector<double> group;
            for (int64_t j = begin; j < std::min(begin + m, shape.columns); ++j) {
              group.push_back(values(i, j));
            }
            const std::vector<int64_t> order = ranked(group);
            for (int64_t k = 0; k < std::min(n, std::ssize(order)); ++k) {
              wanted(i, begin + order[static_cast<size_t>(k)]) = 1;
            }
          }
        }
        SCOPED_TRACE(testing::Message() << pattern.name << " of " << scores.sizes());
        expect_near(pattern.mask(scores, 0), wanted, 0);
        expect_near(pattern.mask(scores, scores.numel()), wanted, 0);  // whatever `keep` says
      }
    }
  }
}

TEST(BlockPattern, KeepsTheBlocksOfTheLargestMeans) {
  for (const Shape& block : {Shape{1, 1}, Shape{2, 3}, Shape{4, 4}, Shape{1, 8}, Shape{3, 1}}) {
    const Pattern pattern =
        find_pattern("block:" + std::to_string(block.rows) + "x" + std::to_string(block.columns));
    for (const Shape& shape : kShapes) {
      const int64_t across = (shape.columns + block.columns - 1) / block.columns;
      const int64_t down = (shape.rows + block.rows - 1) / block.rows;
      const auto block_of = [&](int64_t i, int64_t j) {
        return static_cast<size_t>(i / block.rows * across + j / block.columns);
      };
      for (const at::Tensor& scores : score_kinds(shape)) {
        const Matrix values(scores);
        std::vector<double> sums(static_cast<size_t>(down * across));
        std::vector<double> sizes(sums.size());
        for (int64_t i = 0; i < shape.rows; ++i) {
          for (int64_t j = 0; j < shape.columns; ++j) {
            sums[block_of(i, j)] += values(i, j);
            sizes[block_of(i, j)] += 1;
          }
        }
        for (size_t b = 0; b < sums.size(); ++b) sums[b] /= sizes[b];
        const std::vector<int64_t> order = ranked(sums);
        for (int64_t keep = 0; keep <= scores.numel(); ++keep) {
          const auto blocks = std::llround(static_cast<double>(keep * std::ssize(sums)) /
                                           static_cast<double>(scores.numel()));
          Matrix wanted(shape.rows, shape.columns);
          for (int64_t i = 0; i < shape.rows; ++i) {
            for (int64_t j = 0; j < shape.columns; ++j) {
              const auto rank = std::find(order.begin(), order.end(), block_of(i, j));
              wanted(i, j) = rank - order.begin() < blocks ? 1 : 0;
            }
          }
          SCOPED_TRACE(testing::Message()
                       << pattern.name << " of " << scores.sizes() << " keeps " << keep);
          expect_near(pattern.mask(scores, keep), wanted, 0);
        }
      }
    }
  }
}

TEST(RowPattern, KeepsAsManyInEveryRowTheLowerIndexOfEquals) {
  const at::Tensor scores = doubles({1, 1, 1, 9, 9, 8, 7, 7, 7}, {3, 3});
  expect_near(find_pattern("row").mask(scores, 6),
              Matrix(doubles({1, 1, 0, 1, 1, 0, 1, 1, 0}, {3, 3})), 0);
}

TEST(NeuronPattern, KeepsTheRowsOfTheLargestMeansTheLowerIndexOfEquals) {
  const at::Tensor scores = doubles({0, 4, 3, 3, 2, 2, 2, 2}, {4, 2});
  expect_near(find_pattern("neuron").mask(scores, 6),
              Matrix(doubles({1, 1, 1, 1, 1, 1, 0, 0}, {4, 2})), 0);
}

TEST(FindPattern, RefusesBadSpellingsInOneLineThatQuotesThem) {
  for (const std::string name :
       {"2:",          ":4",          ":",         "3:2",       "0:4",
        "-1:4",        "2:4:8",       "2:4,8",     "a:b",       "1.5:4",
        "2:99999999",  "block:0x4",   "block:4x0", "block:axb", "block:4",
        "block:4x4x4", "block:4x4,5", "block:",    "block:x",   "block:-1x4",
        "blocks:4x4",  "columns",     ""}) {
    EXPECT_NE(input_error([&] { find_pattern(name); }).find("'" + name + "'"), std::string::npos)
        << name;
  }
}

}  // namespace
}  // namespace ncprune
