#include "ncprune/model/activation_cache.h"

#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include "ncprune/base/error.h"
#include "ncprune/model/layers.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

// A residual network, so that values are read far behind where they were made.
struct Fixture {
  Network network = build_network("resnet:20", {3, 12, 12}, 4, Random(3));
  std::vector<Layer> layers = linear_layers(network);
  at::Tensor input = normal({5, 3, 12, 12}, 4).to(at::kFloat);
};

void expect_same(const std::vector<at::Tensor>& found, const std::vector<at::Tensor>& wanted) {
  ASSERT_EQ(found.size(), wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) EXPECT_TRUE(at::equal(found[i], wanted[i])) << i;
}

// The network with the nodes before those that make `value` beyond running.
Network without_way_to(Network network, const std::string& value) {
  for (int64_t i = 0; i <= producer(network, value); ++i) {
    network.nodes[static_cast<size_t>(i)].op_type = "Unknown";
  }
  return network;
}

TEST(ActivationCache, GivesTheValuesOfRunWhileLayersAreReplacedInTurn) {
  Fixture f;
  ActivationCache cache;
  for (const Layer& layer : f.layers) {
    for (const std::string& value : {layer.input, layer.output}) {
      expect_same(cache.run(f.network, {0, f.input}, {value}), run(f.network, f.input, {value}));
    }
    set_weight(f.network, layer, weight_of(f.network, layer) * 0.7);
    expect_same(cache.run(f.network, {0, f.input}, {layer.output, "logits"}),
                run(f.network, f.input, {layer.output, "logits"}));
  }
}

TEST(ActivationCache, GoesOnFromTheLastValue) {
  const Fixture f;
  const std::string value = f.layers[3].input;
  const Network broken = without_way_to(f.network, value);
  EXPECT_THROW(run(broken, f.input, {"logits"}), InputError);
  ActivationCache cache;
  cache.run(f.network, {0, f.input}, {value});
  expect_same(cache.run(broken, {0, f.input}, {f.layers[6].input, "logits"}),
              run(f.network, f.input, {f.layers[6].input, "logits"}));
}

TEST(ActivationCache, GoesOnFromTheFirstOfSeveralValues) {
  Fixture f;
  const std::vector<std::string> both{f.layers[2].input, f.layers[5].input};
  ActivationCache cache;
  cache.run(f.network, {0, f.input}, both);
  set_weight(f.network, f.layers[2], weight_of(f.network, f.layers[2]) * 2);
  expect_same(cache.run(without_way_to(f.network, both[0]), {0, f.input}, both),
              run(f.network, f.input, both));
}

TEST(ActivationCache, StartsAgainWhenAnythingBeforeWasReplaced) {
  Fixture f;
  const std::string value = f.layers[4].output;
  ActivationCache cache;
  cache.run(f.network, {0, f.input}, {value});
  Network other = f.network;
  set_weight(other, f.layers[1], weight_of(other, f.layers[1]) * 2);
  expect_same(cache.run(other, {0, f.input}, {"logits"}), run(other, f.input, {"logits"}));
  // A bias where there was none, and a node more.
  cache.run(f.network, {0, f.input}, {value});
  other = f.network;
  set_bias(other, f.layers[1], at::ones({weight_of(other, f.layers[1]).size(0)}));
  expect_same(cache.run(other, {0, f.input}, {"logits"}), run(other, f.input, {"logits"}));
}

TEST(ActivationCache, StartsAgainForOtherInputsAndForValuesFurtherBack) {
  const Fixture f;
  ActivationCache cache;
  cache.run(f.network, {0, f.input}, {f.layers[4].input});
  const at::Tensor other = f.input + 1;
  expect_same(cache.run(f.network, {0, other}, {"logits"}), run(f.network, other, {"logits"}));
  const std::string back = f.layers[1].input;
  expect_same(cache.run(f.network, {0, other}, {back}), run(f.network, other, {back}));
}

TEST(ActivationCache, HoldsNoMoreThanItMay) {
  const Fixture f;
  const std::string value = f.layers[3].input;
  const Network broken = without_way_to(f.network, value);
  // Room for one batch: the inputs, and 16 channels of 12 x 12, twice where the residual is kept.
  ActivationCache cache(5 * 12 * 12 * (3 + 2 * 16) * 4);
  const at::Tensor second = f.input + 1;
  cache.run(f.network, {0, f.input}, {value});
  cache.run(f.network, {5, second}, {value});
  expect_same(cache.run(broken, {0, f.input}, {"logits"}), run(f.network, f.input, {"logits"}));
  EXPECT_THROW(cache.run(broken, {5, second}, {"logits"}), InputError);
}

TEST(ActivationCache, MakesRoomWhenWhatItHoldsIsWrongNow) {
  const Fixture f;
  const std::string value = f.layers[3].input;
  ActivationCache cache(5 * 12 * 12 * (3 + 2 * 16) * 4);
  cache.run(f.network, {0, f.input}, {value});
  cache.run(f.network, {0, normal({10, 3, 12, 12}, 5).to(at::kFloat)}, {value});  // too many
  const at::Tensor second = f.input + 1;
  cache.run(f.network, {5, second}, {value});
  expect_same(cache.run(without_way_to(f.network, value), {5, second}, {"logits"}),
              run(f.network, second, {"logits"}));
}

}  // namespace
}  // namespace ncprune
