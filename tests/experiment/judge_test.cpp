#include "ncprune/experiment/judge.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ncprune/evaluate/bootstrap.h"
#include "ncprune/evaluate/metrics.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

constexpr int64_t kClasses = 3;
const std::vector<int64_t> kTrained{400, 80, 16};
const std::vector<int64_t> kMinority{2};

const GaussianClasses& law() {
  static const GaussianClasses made =
      gaussian_classes({.classes = kClasses, .features = 5, .spread = 1.5}, Random(7));
  return made;
}

Dataset drawn(const std::vector<int64_t>& counts, uint64_t seed) {
  return sample(law(), counts, Random(seed));
}

PreparedData prepared(uint64_t seed, const std::vector<int64_t>& validation = {100, 20, 6}) {
  return {drawn(kTrained, 1), drawn(validation, seed), drawn({50, 50, 50}, seed + 1), kMinority};
}

// A linear classifier, `error` away from the law's means.
at::Tensor scores_of(const Dataset& data, double error) {
  const at::Tensor weight = law().means + error * normal(law().means.sizes(), 11);
  return data.inputs.to(at::kDouble).matmul(weight.t()) - weight.square().sum(1) / 2;
}

ModelResult judged(const PreparedData& data, double error) {
  const Judge judge(data, data.minority, scores_of(data.validation, 0));
  return judge.result("net", scores_of(data.test, error), scores_of(data.validation, error));
}

TEST(Judge, MovesTheDecisionsOfEveryNetworkButTheReference) {
  const PreparedData data = prepared(2);
  const ModelResult reference = judged(data, 0);
  EXPECT_EQ(reference.shift, 0);
  EXPECT_EQ(reference.common->recall, reference.clean.recall);
  const ModelResult other = judged(data, 1);
  EXPECT_NE(other.shift, 0);
  EXPECT_NE(other.common->recall, other.clean.recall);
  EXPECT_EQ(judged(data, 1).resampled.common_minority, other.resampled.common_minority);
}

// The margin of one set must be what independent sets show.
TEST(Judge, KnowsHowFarItsScoresDependOnTheSamples) {
  constexpr int64_t kSets = 60;
  std::vector<double> balanced;
  std::vector<double> minority;
  double balanced_margin = 0;
  double minority_margin = 0;
  for (uint64_t set = 0; set < kSets; ++set) {
    const ModelResult result = judged(prepared(100 + 2 * set), 0.5);
    balanced.push_back(result.common->balanced_accuracy);
    minority.push_back(mean_recall(*result.common, kMinority));
    balanced_margin += margin(result.resampled.common_balanced) / kSets;
    minority_margin += margin(result.resampled.common_minority) / kSets;
  }
  EXPECT_NEAR(balanced_margin / margin(balanced), 1, 0.25);
  EXPECT_NEAR(minority_margin / margin(minority), 1, 0.25);
}

TEST(Judge, IsSurerWithMoreValidationSamples) {
  const auto uncertain = [](const std::vector<int64_t>& validation) {
    PreparedData data = prepared(2, validation);
    data.test = drawn({1000, 1000, 1000}, 4);
    return margin(judged(data, 1).resampled.common_minority);
  };
  EXPECT_LT(uncertain({4000, 800, 300}), 0.5 * uncertain({100, 20, 6}));
}

TEST(Judge, NeedsImbalanceAndValidationSamplesForTheCommonPoint) {
  PreparedData data = prepared(2);
  const at::Tensor none;
  const at::Tensor tested = scores_of(data.test, 1);
  const ModelResult without = Judge(data, data.minority, none).result("net", tested, none);
  EXPECT_FALSE(without.common);
  EXPECT_TRUE(std::isnan(without.shift));
  EXPECT_EQ(without.resampled.minority_auroc.size(), 100);
  data.train = drawn({50, 50, 50}, 1);
  EXPECT_FALSE(judged(data, 1).common);
}

TEST(Judge, LeavesMultiLabelDataWithoutResampledScores) {
  PreparedData data = prepared(2);
  data.test.label_sets = at::one_hot(data.test.labels, kClasses).to(at::kBool);
  data.validation.label_sets = at::one_hot(data.validation.labels, kClasses).to(at::kBool);
  const ModelResult result = judged(data, 1);
  EXPECT_FALSE(result.common);
  EXPECT_TRUE(result.resampled.minority_auroc.empty());
  EXPECT_EQ(result.clean.recall.size(), kClasses);
}

}  // namespace
}  // namespace ncprune
