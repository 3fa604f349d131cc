#include "ncprune/evaluate/corrupted.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/data/input_error.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

Dataset table() {
  return gaussian_data({60, 30, 10}, 5);
}

ClassMetrics metrics_of(double balanced, double overall) {
  ClassMetrics metrics;
  metrics.recall = {balanced, balanced};
  metrics.balanced_accuracy = balanced;
  metrics.overall_accuracy = overall;
  return metrics;
}

TEST(Corruptions, HasEveryCorruptionAtEverySeverityForEveryNetwork) {
  const Dataset data = table();
  const std::vector<Network> networks{network_for(data, "mlp:8", 1), network_for(data, "mlp:4", 2)};
  const Corruptions all = measure_corruptions(networks, data);
  ASSERT_EQ(all.clean.size(), 2);
  const size_t kinds = corruption_names(data).size() + 1;
  ASSERT_EQ(all.corrupted.size(), kinds * 5);
  for (size_t i = 0; i < all.corrupted.size(); ++i) {
    EXPECT_EQ(all.corrupted[i].severity, static_cast<int64_t>(i % 5) + 1);
    EXPECT_EQ(all.corrupted[i].networks.size(), 2);
  }
  EXPECT_EQ(all.corrupted.back().corruption, kWeightNoise);
}

TEST(Corruptions, IsThatOfTheCorruptedDataAlone) {
  const Dataset data = table();
  const Network network = network_for(data, "mlp:8");
  const std::string name = corruption_names(data).front();
  const Corruptions found =
      measure_corruptions({network}, data, {.corruptions = {name}, .severities = {4}, .seed = 9});
  const ClassMetrics wanted = evaluate(network, corrupted(data, name, {"cifar-c", 4, 9}));
  ASSERT_EQ(found.corrupted.size(), 1);
  EXPECT_EQ(found.corrupted.front().networks.front().confusion, wanted.confusion);
}

TEST(Corruptions, SumsUpAsDefined) {
  Corruptions two;
  two.clean = {metrics_of(0.9, 0.95), metrics_of(0.8, 0.9)};
  two.corrupted = {{"fog", 1, {metrics_of(0.8, 0.9), metrics_of(0.6, 0.8)}},
                   {"fog", 2, {metrics_of(0.6, 0.8), metrics_of(0.2, 0.6)}},
                   {"snow", 1, {metrics_of(0.5, 0.5), metrics_of(0.5, 0.75)}}};
  const std::vector<CorruptionSummary> found = summarize(two);
  EXPECT_NEAR(found[0].mean_corruption_error, 1, 1e-12);
  EXPECT_NEAR(found[0].relative_error, 1, 1e-12);
  // fog: (0.4 + 0.8) / (0.2 + 0.4) = 2; snow: 1.
  EXPECT_NEAR(found[1].mean_corruption_error, 1.5, 1e-12);
  // Beyond clean: (0.2 + 0.6 + 0.3) / (0.1 + 0.3 + 0.4).
  EXPECT_NEAR(found[1].relative_error, 1.1 / 0.8, 1e-12);
  EXPECT_NEAR(found[1].balanced_accuracy, 1.3 / 3, 1e-12);
  // fog: (0.2 + 0.4) / (0.1 + 0.2) = 2; snow: 0.25 / 0.5.
  EXPECT_NEAR(found[1].overall_mean_corruption_error, 1.25, 1e-12);
  EXPECT_NEAR(found[1].overall_relative_error, (0.1 + 0.3 + 0.15) / (0.05 + 0.15 + 0.45), 1e-12);
  EXPECT_NEAR(found[1].recall[0], 1.3 / 3, 1e-12);
}

TEST(Corruptions, HasNoErrorRelativeToNone) {
  Corruptions perfect;
  perfect.clean = {metrics_of(1, 1), metrics_of(1, 1)};
  perfect.corrupted = {{"fog", 1, {metrics_of(1, 1), metrics_of(0.5, 0.5)}}};
  EXPECT_TRUE(std::isnan(summarize(perfect)[1].mean_corruption_error));
  EXPECT_TRUE(std::isnan(summarize(perfect)[1].relative_error));
}

TEST(WeightNoise, GrowsWithSeverityAndLeavesZerosAlone) {
  const Dataset data = table();
  Network network = network_for(data, "mlp:200,100");
  const Layer layer = linear_layers(network)[1];
  const at::Tensor sparse = weight_of(network, layer) * normal({100, 200}, 8).gt(0);
  set_weight(network, layer, sparse);
  const double size = sparse.masked_select(sparse.ne(0)).square().mean().sqrt().item<double>();
  const std::vector<double> shares{0.01, 0.02, 0.05, 0.1, 0.2};
  for (int64_t severity = 1; severity <= 5; ++severity) {
    const Network noisy = with_weight_noise(network, severity, 3);
    const at::Tensor change = weight_of(noisy, layer) - sparse;
    EXPECT_TRUE(change.masked_select(sparse.eq(0)).eq(0).all().item<bool>());
    const double deviation =
        change.masked_select(sparse.ne(0)).square().mean().sqrt().item<double>();
    const double wanted = shares[static_cast<size_t>(severity - 1)] * size;
    EXPECT_NEAR(deviation, wanted, 0.05 * wanted);
  }
  EXPECT_TRUE(weight_of(network, layer).equal(sparse));  // the original is untouched
}

TEST(Corruptions, RefusesSeveritiesThatAreNone) {
  const Dataset data = table();
  const Network network = network_for(data, "mlp:4");
  const auto refusal = [&](std::vector<int64_t> severities) {
    return input_error(
        [&] { measure_corruptions({network}, data, {.severities = std::move(severities)}); });
  };
  EXPECT_EQ(refusal({0}), "severity 0; wanted 1 to 5");
  EXPECT_EQ(refusal({2, 3, 2}), "severity 2 is given twice");
  EXPECT_EQ(refusal({}), "no severity is given");
}

}  // namespace
}  // namespace ncprune
