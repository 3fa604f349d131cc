#include "ncprune/experiment/gradual.h"

#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "ncprune/base/lookup.h"
#include "ncprune/prune/prune.h"
#include "ncprune/prune/sparsity.h"
#include "tests/data/input_error.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

const GradualSchedule& schedule(const std::string& name) {
  return find_named(gradual_schedules(), name, "schedule");
}

TEST(GradualSchedule, DensitiesAreThoseWorkedOutByHand) {
  const auto cubic = schedule("cubic").sparsity;
  EXPECT_NEAR(cubic(0, 0.9, 1.0 / 3), 0.9 - 0.9 * 8 / 27, 1e-15);
  EXPECT_NEAR(cubic(0, 0.9, 2.0 / 3), 0.9 - 0.9 * 1 / 27, 1e-15);
  EXPECT_NEAR(cubic(0.5, 0.9, 0.5), 0.9 - 0.4 / 8, 1e-15);
  for (const std::string name : {"iterative", "rewind"}) {
    const auto geometric = schedule(name).sparsity;
    EXPECT_NEAR(geometric(0, 0.875, 1.0 / 3), 0.5, 1e-15);
    EXPECT_NEAR(geometric(0, 0.875, 2.0 / 3), 0.75, 1e-15);
    EXPECT_NEAR(geometric(0.5, 0.875, 0.5), 0.75, 1e-15);
  }
  for (const GradualSchedule& s : gradual_schedules()) {
    EXPECT_EQ(s.sparsity(0, 0.95, 1), 0.95) << s.name;
    EXPECT_EQ(s.sparsity(0, 0, 0.5), 0) << s.name;
  }
}

class Gradually : public testing::Test {
 protected:
  GradualOptions options(const std::string& schedule, const std::string& method) const {
    GradualOptions options{.schedule = schedule, .steps = 3};
    options.recipe.method = find_method(method);
    options.recipe.share = 0.8;
    options.train.epochs = 2;
    options.train.learning_rate = 1e-2;
    options.early = early_;
    return options;
  }

  PreparedData data_{.train = gaussian_data({80, 20, 4}, 10),
                     .validation = gaussian_data({20, 20, 20}, 10, 7),
                     .test = {},
                     .minority = {}};
  Network dense_ = network_for(data_.train, "mlp:20,12", 1);
  Network early_ = network_for(data_.train, "mlp:20,12", 2);
};

TEST_F(Gradually, ReachesTheSparsityAndLosesNothingOnTheWay) {
  for (const GradualSchedule& s : gradual_schedules()) {
    const Gradual result = prune_gradually(dense_, data_, options(s.name, "magnitude-uniform"));
    const std::string written = result.network.metadata.other.at(kRecipeEntry);
    const Recipe recipe = read_recipe(Json::parse(written), "metadata");
    EXPECT_EQ(recipe.finish, "keep") << s.name;
    EXPECT_EQ(recipe.metric.kappa, MetricOptions{}.kappa) << s.name;
    EXPECT_EQ(recipe.share, 0.8) << s.name;
    ASSERT_EQ(result.steps.size(), 3);
    for (size_t i = 0; i < 3; ++i) {
      const double wanted = s.sparsity(0, 0.8, static_cast<double>(i + 1) / 3);
      EXPECT_NEAR(result.steps[i].sparsity, wanted, 3e-3) << s.name;
      EXPECT_GE(result.steps[i].epoch.epoch, s.rewinds ? 1 : 0) << "0: no better than untrained";
    }
    EXPECT_NEAR(sparsity(layer_sparsity(result.network)), 0.8, 3e-3) << s.name;
    EXPECT_TRUE(at::equal(dense_.initializers.at("fc1.weight"),
                          network_for(data_.train, "mlp:20,12", 1).initializers.at("fc1.weight")))
        << "the caller's network was changed";
  }
}

TEST_F(Gradually, WhatIsZeroStaysZero) {
  Network half = clone(dense_);
  for (const Layer& layer : prunable_layers(half)) {
    set_weight(half, layer,
               weight_of(half, layer) * normal(weight_of(half, layer).sizes(), 5).gt(0));
  }
  for (const std::string method : {"magnitude", "wanda", "alps", "obc", "sparsegpt", "surgeon"}) {
    for (const GradualSchedule& s : gradual_schedules()) {
      const Network result = prune_gradually(half, data_, options(s.name, method)).network;
      EXPECT_NEAR(sparsity(layer_sparsity(result)), 0.8, 0.02);
      for (const Layer& layer : prunable_layers(half)) {
        const at::Tensor back =
            weight_of(result, layer).ne(0).logical_and(weight_of(half, layer).eq(0));
        EXPECT_FALSE(back.any().item<bool>()) << method << " " << s.name << " " << layer.name;
      }
    }
  }
}

TEST_F(Gradually, RewindingGivesTheEarlyWeightsOnTheMask) {
  GradualOptions how = options("rewind", "surgeon");
  how.train.optimizer = "sgd";
  how.train.learning_rate = 1e-30;  // too little to change any weight
  const Network result = prune_gradually(dense_, data_, how).network;
  const std::vector<Layer> layers = linear_layers(dense_);
  for (const Layer& layer : layers) {
    const at::Tensor weight = weight_of(result, layer);
    EXPECT_TRUE(at::equal(weight, weight_of(early_, layer) * weight.ne(0))) << layer.name;
    EXPECT_TRUE(at::equal(bias_of(result, layer), bias_of(early_, layer))) << layer.name;
  }
  EXPECT_NEAR(sparsity(layer_sparsity(result)), 0.8, 3e-3);
}

TEST_F(Gradually, HeadAndBatchNormAreTreatedOnceAtTheEnd) {
  GradualOptions how = options("iterative", "magnitude-uniform");
  const Network kept = prune_gradually(dense_, data_, how).network;
  how.recipe.head = "realign";
  const Network realigned = prune_gradually(dense_, data_, how).network;
  EXPECT_TRUE(
      at::equal(kept.initializers.at("fc2.weight"), realigned.initializers.at("fc2.weight")));
  EXPECT_FALSE(
      at::equal(kept.initializers.at("head.weight"), realigned.initializers.at("head.weight")));
}

TEST_F(Gradually, RefusesWhatItCannotDo) {
  const auto refusal = [&](const GradualOptions& how) {
    return input_error([&] { prune_gradually(dense_, data_, how); });
  };
  const GradualOptions good = options("iterative", "magnitude");
  GradualOptions bad = good;
  bad.schedule = "quartic";
  EXPECT_EQ(refusal(bad), "unknown sparsity schedule 'quartic'; known: cubic, iterative, rewind");
  bad = good;
  bad.steps = 0;
  EXPECT_EQ(refusal(bad), "0 steps; wanted 1 to 1000");
  bad = good;
  bad.train.epochs = 0;
  EXPECT_EQ(refusal(bad), "epochs is 0; wanted at least 1");
  bad = good;
  bad.recipe.method.pattern = "2:4";
  EXPECT_NE(refusal(bad).find("pattern 2:4 fixes the sparsity"), std::string::npos);
  bad = options("rewind", "magnitude");
  bad.early.reset();
  EXPECT_EQ(refusal(bad), "schedule 'rewind' needs an early network");
  bad.early = network_for(data_.train, "mlp:20,13");
  EXPECT_NE(refusal(bad).find("the early network lacks weight 'fc2."), std::string::npos);
  const Network sparse = prune_gradually(dense_, data_, good).network;
  bad = good;
  bad.recipe.share = 0.5;
  EXPECT_NE(input_error([&] { prune_gradually(sparse, data_, bad); }).find("already"),
            std::string::npos);
}

}  // namespace
}  // namespace ncprune
