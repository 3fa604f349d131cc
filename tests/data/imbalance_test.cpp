#include <ATen/ops/arange.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "ncprune/data/imbalance.h"
#include "tests/data/input_error.h"

namespace ncprune {
namespace {

using Counts = std::vector<int64_t>;

// Samples that know their own number, counts[c] of class c, the classes interleaved by rounds.
Dataset numbered(const Counts& counts) {
  std::vector<int64_t> labels;
  for (int64_t round = 0; round < *std::max_element(counts.begin(), counts.end()); ++round) {
    for (size_t c = 0; c < counts.size(); ++c) {
      if (round < counts[c]) labels.push_back(static_cast<int64_t>(c));
    }
  }
  const auto n = static_cast<int64_t>(labels.size());
  Dataset data{.inputs = at::arange(n, at::kFloat).unsqueeze(1),
               .labels = at::arange(n, at::kLong),
               .class_names = {},
               .range = {}};
  std::copy(labels.begin(), labels.end(), data.labels.data_ptr<int64_t>());
  for (size_t c = 0; c < counts.size(); ++c) data.class_names.push_back(std::to_string(c));
  return data;
}

Imbalanced thin(const Dataset& data, const std::string& spec, uint64_t seed = 1) {
  return make_imbalanced(data, spec, Random(seed));
}

TEST(Imbalance, ExpFallsGeometrically) {
  const Imbalanced thinned = thin(numbered(Counts(10, 6000)), "exp:100");
  Counts wanted;
  for (int c = 0; c < 10; ++c) {
    wanted.push_back(static_cast<int64_t>(6000 * std::pow(100.0, -c / 9.0) + 1e-9));
  }
  EXPECT_EQ(class_counts(thinned.data), wanted);
  EXPECT_EQ(wanted, (Counts{6000, 3596, 2156, 1292, 774, 464, 278, 166, 100, 60}));
  EXPECT_EQ(thinned.minority, (Counts{7, 8, 9}));
}

TEST(Imbalance, StepIsACliff) {
  EXPECT_EQ(class_counts(thin(numbered(Counts(4, 200)), "step:100").data),
            (Counts{200, 200, 2, 2}));
  const Imbalanced odd = thin(numbered(Counts(5, 200)), "step:10");
  EXPECT_EQ(class_counts(odd.data), (Counts{200, 200, 20, 20, 20}));
  EXPECT_EQ(odd.minority, (Counts{2, 3, 4}));
}

TEST(Imbalance, ClassesKeepTheirFraction) {
  const Imbalanced thinned = thin(numbered(Counts(4, 200)), "classes:3,1@0.1");
  EXPECT_EQ(class_counts(thinned.data), (Counts{200, 20, 200, 20}));
  EXPECT_EQ(thinned.minority, (Counts{1, 3}));
}

TEST(Imbalance, KeepsAtLeastOneSampleAndNeverInventsOne) {
  EXPECT_EQ(class_counts(thin(numbered({50, 50}), "step:1000").data), (Counts{50, 1}));
  EXPECT_EQ(class_counts(thin(numbered({100, 3, 100}), "exp:4").data), (Counts{100, 3, 25}));
  EXPECT_EQ(class_counts(thin(numbered({7}), "exp:100").data), Counts{7});
}

TEST(Imbalance, NoneKeepsEverything) {
  const Imbalanced balanced = thin(numbered(Counts(10, 20)), "none");
  EXPECT_EQ(balanced.data.size(), 200);
  EXPECT_TRUE(balanced.minority.empty());
}

TEST(Imbalance, NoneFindsTheMinorityOfDataImbalancedByNature) {
  EXPECT_EQ(thin(numbered({10, 90, 80, 5, 70, 70, 70, 70, 70, 5}), "none").minority,
            (Counts{0, 3, 9}));
  EXPECT_TRUE(thin(numbered({10, 19}), "none").minority.empty());
  EXPECT_EQ(thin(numbered({20, 10}), "none").minority, Counts{1});
}

TEST(Imbalance, DependsOnTheSeedAlone) {
  const Dataset data = numbered(Counts(4, 100));
  for (const char* spec : {"exp:10", "step:10", "classes:0@0.5", "exp:10?order=shuffled"}) {
    const at::Tensor kept = thin(data, spec, 7).data.inputs;
    EXPECT_TRUE(kept.equal(thin(data, spec, 7).data.inputs)) << spec;
    EXPECT_FALSE(kept.equal(thin(data, spec, 8).data.inputs)) << spec;
  }
}

TEST(Imbalance, KeepsTheOrderOfTheData) {
  const at::Tensor kept = thin(numbered(Counts(4, 100)), "exp:10").data.inputs.flatten();
  EXPECT_TRUE((kept.slice(0, 1) - kept.slice(0, 0, -1)).gt(0).all().item<bool>());
}

TEST(Imbalance, ShuffledOrderDealsTheSameCountsToOtherClasses) {
  const Dataset data = numbered(Counts(10, 1000));
  Counts in_order = class_counts(thin(data, "exp:100").data);
  const Imbalanced shuffled = thin(data, "exp:100?order=shuffled");
  Counts counts = class_counts(shuffled.data);
  EXPECT_NE(counts, in_order);
  for (const int64_t c : shuffled.minority) EXPECT_LE(counts[static_cast<size_t>(c)], in_order[7]);
  std::sort(counts.begin(), counts.end(), std::greater<>());
  EXPECT_EQ(counts, in_order);
}

TEST(Imbalance, NamesWhatIsWrong) {
  const Dataset data = numbered({2, 2});
  const auto error = [&](const std::string& spec) {
    return input_error([&] { thin(data, spec); });
  };
  EXPECT_NE(error("log:3").find("unknown imbalance 'log:3'"), std::string::npos);
  EXPECT_NE(error("exp:0.5").find("must be at least 1"), std::string::npos);
  EXPECT_NE(error("exp:x").find("'x' is not a number"), std::string::npos);
  EXPECT_NE(error("exp:2?order=up").find("wanted label or shuffled"), std::string::npos);
  EXPECT_NE(error("classes:2@0.5").find("whole number from 0 to 1"), std::string::npos);
  EXPECT_NE(error("classes:1@0").find("(0, 1]"), std::string::npos);
  EXPECT_NE(error("classes:1").find("classes:LIST@FRACTION"), std::string::npos);
}

}  // namespace
}  // namespace ncprune
