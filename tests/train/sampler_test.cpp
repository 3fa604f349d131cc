#include "ncprune/train/sampler.h"

#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "ncprune/base/lookup.h"

namespace ncprune {
namespace {

using Counts = std::vector<int64_t>;

Counts shares(const std::string& name, const Counts& counts) {
  return epoch_shares(counts, find_named(samplers(), name, "sampler"));
}

// Labels 0, 1, ..., K-1, 0, 1, ... until each class is used up.
at::Tensor labels_of(Counts counts) {
  Counts labels;
  const auto total = std::accumulate(counts.begin(), counts.end(), int64_t{0});
  while (static_cast<int64_t>(labels.size()) < total) {
    for (size_t c = 0; c < counts.size(); ++c) {
      if (counts[c]-- > 0) labels.push_back(static_cast<int64_t>(c));
    }
  }
  return at::tensor(labels, at::kLong);
}

Counts drawn(const std::string& name, const Counts& counts, uint64_t seed) {
  Random random(seed);
  const at::Tensor order = epoch_order(labels_of(counts), shares(name, counts), random);
  const auto view = elements<int64_t>(order);
  return {view.begin(), view.end()};
}

TEST(Sampler, SharesFollowTheExponent) {
  const Counts counts{900, 100, 0, 4};
  EXPECT_EQ(shares("natural", counts), counts);
  // 1004 draws over roots 30 : 10 : 2 and over 1 : 1 : 1; the remainder to who lost most.
  EXPECT_EQ(shares("square-root", counts), (Counts{717, 239, 0, 48}));
  EXPECT_EQ(shares("class-balanced", counts), (Counts{335, 335, 0, 334}));
  EXPECT_EQ(shares("class-balanced", {1}), (Counts{1}));
}

TEST(Sampler, SharesAlwaysAddUp) {
  for (const Sampler& sampler : samplers()) {
    for (const Counts& counts : {Counts{1, 1, 1}, Counts{7, 3, 1}, Counts{12345, 678, 9, 1, 1}}) {
      const Counts got = epoch_shares(counts, sampler);
      EXPECT_EQ(std::accumulate(got.begin(), got.end(), int64_t{0}),
                std::accumulate(counts.begin(), counts.end(), int64_t{0}));
    }
  }
}

TEST(Sampler, NaturalDrawsEverySampleOnceInRandomOrder) {
  Counts order = drawn("natural", {90, 10, 1}, 3);
  EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
  std::sort(order.begin(), order.end());
  Counts all(101);
  std::iota(all.begin(), all.end(), 0);
  EXPECT_EQ(order, all);
}

TEST(Sampler, EverySampleOfAClassIsDrawnEquallyOftenGiveOrTakeOne) {
  const Counts counts{90, 7, 3};
  const at::Tensor labels = labels_of(counts);
  for (const Sampler& sampler : samplers()) {
    Counts times(100);
    for (const int64_t i : drawn(sampler.name, counts, 5)) ++times[static_cast<size_t>(i)];
    const Counts wanted = epoch_shares(counts, sampler);
    for (size_t i = 0; i < times.size(); ++i) {
      const auto c = static_cast<size_t>(elements<int64_t>(labels)[i]);
      EXPECT_GE(times[i], wanted[c] / counts[c]) << sampler.name;
      EXPECT_LE(times[i], wanted[c] / counts[c] + 1) << sampler.name;
    }
  }
}

TEST(Sampler, SeedDecides) {
  EXPECT_EQ(drawn("square-root", {50, 5}, 1), drawn("square-root", {50, 5}, 1));
  EXPECT_NE(drawn("square-root", {50, 5}, 1), drawn("square-root", {50, 5}, 2));
}

}  // namespace
}  // namespace ncprune
