// Every allocation and every pattern there is, through the same checks.
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "ncprune/prune/allocation.h"
#include "ncprune/prune/keep_largest.h"
#include "ncprune/prune/pattern.h"
#include "tests/matrix.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

TEST(EveryAllocation, SharesOutWhatIsToStayWithinTheLayersSizes) {
  // Shapes far apart, so that densities by shape fill the small layer; scores far apart, so that a
  // global ranking empties one.
  const std::vector<LayerScores> layers{{normal({20, 30}, 1).abs(), 50},
                                        {normal({2, 3}, 2).abs(), 5},
                                        {normal({10, 20}, 3).abs() * 1e-3, 30}};
  const int64_t total = 600 + 6 + 200;
  for (const Allocation& allocation : allocations()) {
    for (const int64_t keep :
         {int64_t{0}, int64_t{1}, int64_t{8}, int64_t{80}, int64_t{403}, int64_t{800}, total}) {
      SCOPED_TRACE(allocation.name + " keeps " + std::to_string(keep));
      const std::vector<int64_t> kept = allocation.kept(layers, keep);
      ASSERT_EQ(kept.size(), layers.size());
      for (size_t l = 0; l < kept.size(); ++l) {
        EXPECT_GE(kept[l], 0);
        EXPECT_LE(kept[l], layers[l].scores.numel());
      }
      // Each layer rounds by at most a half.
      const int64_t rounding = allocation.name == "global" ? 0 : 1;
      EXPECT_NEAR(static_cast<double>(std::accumulate(kept.begin(), kept.end(), int64_t{0})),
                  static_cast<double>(keep), static_cast<double>(rounding));
    }
  }
}

struct Rounding {
  int64_t rows;
  int64_t columns;
};

// By how much a pattern may miss the number of weights it is asked to keep.
int64_t allowed(const std::string& pattern, const Rounding& shape) {
  if (pattern == "row") return shape.rows / 2;
  if (pattern == "neuron") return shape.columns / 2;
  if (pattern.starts_with("block:")) return 16;  // of the table's: the edge may or may not stay
  return 0;
}

TEST(PatternTable, KeepsAboutAsManyAsItIsAsked) {
  for (const Pattern& pattern : patterns()) {
    if (pattern.group) continue;  // fixes how many itself
    for (const Rounding& shape : {Rounding{1, 1}, Rounding{1, 7}, Rounding{7, 1}, Rounding{6, 5}}) {
      const at::Tensor scores = normal({shape.rows, shape.columns}, 1).abs();
      for (int64_t keep = 0; keep <= scores.numel(); ++keep) {
        SCOPED_TRACE(pattern.name + " keeps " + std::to_string(keep));
        const at::Tensor mask = pattern.mask(scores, keep);
        ASSERT_EQ(mask.sizes(), scores.sizes());
        ASSERT_EQ(mask.scalar_type(), at::kBool);
        EXPECT_LE(std::abs(mask.sum().item<int64_t>() - keep), allowed(pattern.name, shape));
      }
      EXPECT_EQ(pattern.mask(scores, 0).sum().item<int64_t>(), 0);
      EXPECT_TRUE(pattern.mask(scores, scores.numel()).all().item<bool>());
    }
  }
}

TEST(PatternTable, BreaksTiesToTheLowerIndex) {
  const at::Tensor alike = at::ones({4, 6}, at::kDouble);
  for (const Pattern& pattern : patterns()) {
    if (pattern.group) continue;
    SCOPED_TRACE(pattern.name);
    const at::Tensor mask = pattern.mask(alike, 12);
    // Nothing that goes stands before something that stays, in its row or among the rows.
    const at::Tensor numbers = mask.to(at::kDouble);
    EXPECT_TRUE((numbers.slice(1, 0, 5) >= numbers.slice(1, 1, 6)).all().item<bool>());
    EXPECT_TRUE((numbers.slice(0, 0, 3) >= numbers.slice(0, 1, 4)).all().item<bool>());
  }
}

TEST(KeepLargest, AgreesWithSortingByHandAmongTies) {
  const at::Tensor scores = doubles({2, 5, 5, 1, 5, 0}, {2, 3});
  expect_near(keep_largest(scores, 2), Matrix(doubles({0, 1, 1, 0, 0, 0}, {2, 3})), 0);
  expect_near(keep_largest(scores, 4), Matrix(doubles({1, 1, 1, 0, 1, 0}, {2, 3})), 0);
  expect_near(keep_largest(scores, 5), Matrix(doubles({1, 1, 1, 1, 1, 0}, {2, 3})), 0);
}

TEST(KeepLargest, AgreesWithASortWhateverTheSizeTheTiesAndTheOrder) {
  for (const int64_t n : {60, 61, 62, 5000, 40001}) {
    at::Tensor periodic = normal({n}, 1).abs();
    periodic.slice(0, 0, n, 61) += 10;  // a regular sample would see only these
    const at::Tensor random = normal({n}, 2).abs();
    for (const at::Tensor& scores : {random, periodic, (4 * random).floor(), at::zeros_like(random),
                                     std::get<0>(random.sort())}) {
      for (const at::Tensor& typed : {scores, scores.to(at::kFloat)}) {
        const at::Tensor order = std::get<1>(typed.sort(/*stable=*/true, 0, /*descending=*/true));
        for (const int64_t keep : {int64_t{1}, n / 100, n / 2, n - 1}) {
          const at::Tensor wanted =
              at::zeros({n}, at::kBool).scatter_(0, order.slice(0, 0, keep), true);
          ASSERT_TRUE(keep_largest(typed, keep).equal(wanted)) << n << " keeps " << keep;
        }
      }
    }
  }
}

}  // namespace
}  // namespace ncprune
