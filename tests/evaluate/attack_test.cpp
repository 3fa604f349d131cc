#include "ncprune/evaluate/attack.h"

#include <ATen/ops/one_hot.h>
#include <gtest/gtest.h>

#include "ncprune/evaluate/metrics.h"
#include "tests/data/input_error.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

// Pictures of four pixels in [0, 1], many of them at its ends.
Dataset pictures(int64_t count) {
  Dataset data = gaussian_data({count, count, count}, 4);
  data.inputs = data.inputs.mul(0.5).add(0.5).clamp(0, 1);
  data.range = {0, 1};
  return data;
}

double mean_loss(const Network& network, const Dataset& data) {
  return -logits(network, data.inputs)
              .log_softmax(1)
              .gather(1, data.labels.unsqueeze(1))
              .mean()
              .item<double>();
}

double furthest(const Dataset& from, const Dataset& to) {
  return (to.inputs.to(at::kDouble) - from.inputs.to(at::kDouble)).abs().max().item<double>();
}

TEST(Attack, NeverLeavesTheBoxOrTheRange) {
  const Dataset data = pictures(50);
  const Network network = network_for(data, "mlp:8");
  for (const double epsilon : {1e-3, 0.03, 0.3, 5.0}) {
    for (const int64_t steps : {0, 1, 7}) {
      const Dataset moved = attacked(network, data, {epsilon, steps, 1});
      EXPECT_LE(furthest(data, moved), epsilon * (1 + 1e-6) + 1e-7) << epsilon << ' ' << steps;
      EXPECT_GE(moved.inputs.min().item<float>(), 0);
      EXPECT_LE(moved.inputs.max().item<float>(), 1);
      EXPECT_TRUE(moved.labels.equal(data.labels));
    }
  }
}

TEST(Attack, IsTheSignOfTheGradientOfALinearNetwork) {
  const Dataset data = gaussian_data({5, 4, 3}, 6);
  const at::Tensor weight = normal({3, 6}, 5);
  const Network network = head_alone(weight, normal({3}, 6));
  Dataset ranged = data;
  ranged.range = {-100, 100};
  const at::Tensor p = logits(network, data.inputs).to(at::kDouble).softmax(1);
  const at::Tensor gradient = (p - at::one_hot(data.labels, 3)).matmul(weight);
  const at::Tensor wanted = data.inputs.to(at::kDouble) + 0.25 * gradient.sign();
  EXPECT_TRUE(attacked(network, ranged, {.epsilon = 0.25})
                  .inputs.to(at::kDouble)
                  .allclose(wanted, 1e-5, 1e-5));
}

TEST(Attack, HarmsMoreTheLongerItLooks) {
  const Dataset data = pictures(200);
  const Network network = network_for(data, "mlp:16,16");
  const double clean = mean_loss(network, data);
  const double one = mean_loss(network, attacked(network, data, {.epsilon = 0.1}));
  const double many = mean_loss(network, attacked(network, data, {.epsilon = 0.1, .steps = 20}));
  EXPECT_GT(one, clean);
  EXPECT_GE(many, one - 1e-4);
}

TEST(Attack, CountsInStandardDeviationsWhereThereIsNoRange) {
  Dataset data = gaussian_data({20, 20}, 3);
  data.inputs.select(1, 1).mul_(1000);
  data.inputs.select(1, 2).fill_(7);
  const Network network = network_for(data, "mlp:4");
  const Dataset moved = attacked(network, data, {.epsilon = 0.5});
  const at::Tensor limit = 0.5 * data.inputs.std(0, false);
  const at::Tensor most = (moved.inputs - data.inputs).abs().amax(0);
  EXPECT_TRUE(most.allclose(limit, 1e-4, 1e-4)) << most << limit;
}

TEST(Attack, IsTheSameForTheSameSeed) {
  const Dataset data = pictures(20);
  const Network network = network_for(data, "mlp:8");
  const AttackOptions options{.epsilon = 0.1, .steps = 3, .seed = 3};
  EXPECT_TRUE(
      attacked(network, data, options).inputs.equal(attacked(network, data, options).inputs));
}

TEST(Attack, RefusesWhatItCannotDo) {
  const Dataset data = pictures(2);
  Network network = network_for(data, "mlp:8");
  EXPECT_EQ(input_error([&] { attacked(network, data, {.epsilon = 0}); }),
            "epsilon 0 is outside (0, 1e6]");
  EXPECT_EQ(input_error([&] { attacked(network, data, {.steps = -1}); }),
            "-1 steps of an attack; wanted 0 to 1000");
  // Comparisons have no derivative.
  network.nodes.push_back({"Cast", "cut", {network.output.name}, {"whole"}, {{"to", int64_t{7}}}});
  network.nodes.push_back({"Cast", "back", {"whole"}, {"scores"}, {{"to", int64_t{1}}}});
  network.output.name = "scores";
  EXPECT_NE(input_error([&] { attacked(network, data); }).find("cannot be differentiated"),
            std::string::npos);
}

}  // namespace
}  // namespace ncprune
