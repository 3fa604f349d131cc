#include "ncprune/prune/live_rows.h"

#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include "ncprune/model/interpreter.h"
#include "ncprune/prune/prune.h"
#include "ncprune/train/train.h"
#include "tests/matrix.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

at::Tensor all_but(int64_t size, const std::vector<int64_t>& dead) {
  at::Tensor live = at::ones({size}, at::TensorOptions(at::kBool));
  for (const int64_t i : dead) live[i] = false;
  return live;
}

TEST(LiveRows, AreThoseThatAWeightReadsAndAnActivationLetsThrough) {
  const Dataset data = gaussian_data({60, 20, 4}, 6);
  Network network = network_for(data, "mlp:8,5");
  network.initializers.at("fc1.bias")[3] = -1000;              // never active
  network.initializers.at("fc2.weight").select(0, 1).zero_();  // constant, but read
  const Layer second = prunable_layers(network)[1];
  at::Tensor weight = weight_of(network, second).clone();
  weight.select(1, 6).zero_();  // nobody reads unit 6
  set_weight(network, second, weight);
  const std::vector<at::Tensor> live = live_rows(network, prunable_layers(network), data);
  ASSERT_EQ(live.size(), 2);
  EXPECT_TRUE(at::equal(live[0], all_but(8, {3, 6}))) << live[0];
  const std::vector<at::Tensor> masks{at::ones({8, 6}, at::kBool), at::ones({5, 8}, at::kBool)};
  EXPECT_NEAR(wasted_share({masks[0]}, {live[0]}), 12.0 / 48, 1e-12);
}

TEST(LiveRows, AreLiveThroughOneOfSeveralReaders) {
  Dataset data = gaussian_data({40, 10}, 36);
  data.inputs = data.inputs.view({-1, 1, 6, 6});
  Network network = network_for(data, "cnn:4,6");
  const std::vector<Layer> layers = prunable_layers(network);
  at::Tensor weight = weight_of(network, layers[1]).clone();
  // A channel is read by nine weights of every channel after it; one of them is enough.
  weight.slice(1, 0, 9).zero_();
  weight.slice(1, 9, 18).zero_();
  weight[2][13] = 1;
  set_weight(network, layers[1], weight);
  const std::vector<at::Tensor> live = live_rows(network, layers, data);
  EXPECT_TRUE(at::equal(live[0], all_but(4, {0}))) << live[0];
}

TEST(Sweeps, SpendAgainWhatFeedsNothing) {
  const Dataset data = gaussian_data({300, 60, 20}, 20);
  const Network dense =
      train(network_for(data, "mlp:60,30"), data, {}, {.learning_rate = 1e-2, .epochs = 8}).network;
  Recipe recipe{.method = find_method("surgeon"), .share = 0.97, .finish = "keep"};
  const auto pruned = [&](int64_t sweeps) {
    recipe.method.sweeps = sweeps;
    return prune(dense, data, recipe);
  };
  const auto wasted = [&](const Pruned& result) {
    return wasted_share(result.kept, live_rows(result.network, prunable_layers(dense), data));
  };
  const auto error = [&](const Pruned& result) {
    return (logits(result.network, data) - logits(dense, data)).square().mean().item<double>();
  };
  const Pruned once = pruned(1);
  const Pruned again = pruned(3);
  EXPECT_GT(wasted(once), 0.05);
  EXPECT_LT(wasted(again), 0.02);
  EXPECT_EQ(again.removed, once.removed) << "as many weights as before";
  EXPECT_LT(error(again), error(once));
  // A plan holds the masks of the last sweep; its network is the same.
  const Network applied = apply(dense, again.kept, data, again.recipe).network;
  EXPECT_LT((logits(applied, data) - logits(again.network, data)).abs().max().item<double>(), 1e-4);
}

}  // namespace
}  // namespace ncprune
