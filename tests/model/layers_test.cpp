#include "ncprune/model/layers.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "tests/data/input_error.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

// A MatMul with its Add (or without), a Relu, and a Gemm as head.
Network matmul_network(bool with_add) {
  Network network;
  network.input = {"x", {-1, 2}};
  network.output = {"y", {-1, 2}};
  network.initializers = {{"w", floats({1, 2, 3, 4, 5, 6}, {2, 3})},
                          {"b", floats({1, -1, 0.5}, {3})},
                          {"v", floats({1, 0, 0, 0, 1, 1}, {2, 3})}};
  network.nodes.push_back({"MatMul", "product", {"x", "w"}, {with_add ? "p" : "z"}, {}});
  if (with_add) network.nodes.push_back({"Add", "sum", {"b", "p"}, {"z"}, {}});
  network.nodes.push_back({"Relu", "", {"z"}, {"h"}, {}});
  network.nodes.push_back({"Gemm", "head", {"h", "v"}, {"y"}, {{"transB", int64_t{1}}}});
  return network;
}

at::Tensor output(const Network& network) {
  return run(network, floats({1, 1}, {1, 2}), {network.output.name}).front();
}

TEST(LinearLayersTest, AMatMulWithItsAddIsOneLayer) {
  const std::vector<Layer> layers = linear_layers(matmul_network(true));
  ASSERT_EQ(layers.size(), 2);
  EXPECT_EQ(layers[0].bias, "b");
  EXPECT_EQ(layers[0].output, "z");
  EXPECT_EQ(layers[0].activation, "h");
  EXPECT_FALSE(layers[0].transposed);
  EXPECT_EQ(weight_of(matmul_network(true), layers[0]).sizes(), (std::vector<int64_t>{3, 2}));
  EXPECT_EQ(head_layer(matmul_network(true)).name, "head");
}

TEST(LinearLayersTest, AWeightThatTwoNodesReadIsNotPruned) {
  Network network = matmul_network(false);
  network.nodes.push_back({"MatMul", "again", {"x", "w"}, {"other"}, {}});
  EXPECT_EQ(linear_layers(network).size(), 1);
}

TEST(SetBiasTest, ShiftsALayerThatHadNone) {
  for (const bool gemm : {false, true}) {
    SCOPED_TRACE(gemm ? "Gemm" : "MatMul");
    Network network = matmul_network(false);
    const Layer layer = linear_layers(network)[gemm ? 1 : 0];
    const at::Tensor before = run(network, floats({1, -1}, {1, 2}), {layer.output}).front();
    const at::Tensor shift = gemm ? floats({7, 8}, {2}) : floats({7, 8, 9}, {3});
    set_bias(network, layer, shift);
    validate(network, "shifted");
    EXPECT_TRUE(
        run(network, floats({1, -1}, {1, 2}), {layer.output}).front().allclose(before + shift));
    EXPECT_FALSE(linear_layers(network)[gemm ? 1 : 0].bias.empty());
  }
}

TEST(SetWeightTest, StoresTheWeightAsTheLayerDoes) {
  Network network = matmul_network(true);
  const Network before = network;
  const Layer layer = linear_layers(network)[0];
  set_weight(network, layer, weight_of(network, layer) * 2);
  EXPECT_TRUE(network.initializers.at("w").equal(before.initializers.at("w") * 2));
  EXPECT_FALSE(output(network).equal(output(before)));
}

TEST(PrunableLayersTest, RefuseANetworkWithoutHiddenLayers) {
  const Network network = build_network("mlp", {4}, 3, Random(1));
  EXPECT_NE(input_error([&] { prunable_layers(network); }).find("nothing to prune"),
            std::string::npos);
}

TEST(HeadLayerTest, RefusesANetworkThatEndsInSomethingElse) {
  Network network = matmul_network(true);
  network.nodes.push_back({"Relu", "last", {"y"}, {"r"}, {}});
  network.output.name = "r";
  EXPECT_NE(input_error([&] { head_layer(network); }).find("class scores"), std::string::npos);
}

TEST(LogitsValueTest, StandsBeforeAClosingSoftmax) {
  Network network = matmul_network(true);
  network.nodes.push_back({"Softmax", "", {"y"}, {"p2"}, {}});
  network.output.name = "p2";
  EXPECT_EQ(logits_value(network), "y");
  EXPECT_EQ(head_layer(network).name, "head");
}

TEST(OtherWeights, AreNamedWithTheReasonWhyTheyBelongToNoLayer) {
  Network network;
  const auto weight = [&](const std::string& name, at::IntArrayRef shape) {
    network.initializers[name] = at::ones(shape);
  };
  weight("plain", {4, 3, 3, 3});
  weight("groups", {8, 2, 3, 3});
  weight("up", {8, 5, 2, 2});
  weight("shared", {6, 6});
  weight("scaled", {6, 7});
  network.nodes = {{"Conv", "conv", {"x", "plain"}, {"a"}, {}},
                   {"Conv", "grouped", {"a", "groups"}, {"b"}, {{"group", int64_t{2}}}},
                   {"ConvTranspose", "", {"b", "up"}, {"c"}, {}},
                   {"MatMul", "one", {"c", "shared"}, {"d"}, {}},
                   {"MatMul", "two", {"d", "shared"}, {"e"}, {}},
                   {"Gemm", "half", {"e", "scaled"}, {"f"}, {{"alpha", 0.5F}}},
                   {"MatMul", "computed", {"e", "f"}, {"g"}, {}}};
  network.output = {"g", {-1, 7}};
  std::vector<std::string> said;
  for (const OtherWeight& w : other_weights(network)) {
    said.push_back(w.name + ", " + std::to_string(w.weights) + ", " + std::to_string(w.units) +
                   ": " + w.reason + (w.by_groups ? ", a layer each" : ""));
  }
  EXPECT_EQ(said, (std::vector<std::string>{
                      "grouped, 144, 8: a convolution of 2 groups, a layer each",
                      "up, 160, 5: a transposed convolution",
                      "one, 36, 6: its weights have several readers",
                      "two, 36, 6: its weights have several readers",
                      "half, 42, 7: a product that is more than input times weight"}));
}

TEST(Layers, AreTheGroupsOfAConvolutionButOfADepthwiseOne) {
  Network network;
  network.input = {"x", {-1, 4, 5, 5}};
  network.initializers = {{"w", at::arange(6 * 2 * 9, at::kFloat).view({6, 2, 3, 3})},
                          {"b", at::arange(6, at::kFloat)},
                          {"depth", at::ones({6, 1, 3, 3})},
                          {"point", at::ones({3, 6, 1, 1})}};
  network.nodes = {{"Conv", "two", {"x", "w", "b"}, {"y"}, {{"group", int64_t{2}}}},
                   {"Conv", "depthwise", {"y", "depth"}, {"z"}, {{"group", int64_t{6}}}},
                   {"Conv", "point", {"z", "point"}, {"out"}, {}}};
  network.output = {"out", {-1, 3, 1, 1}};
  const std::vector<Layer> layers = prunable_layers(network);
  ASSERT_EQ(layers.size(), 2);
  EXPECT_TRUE(unit_layers(network).empty());
  EXPECT_EQ(linear_layers(network).size(), 1);
  EXPECT_EQ(layers[1].name, "two");
  EXPECT_TRUE(at::equal(weight_of(network, layers[1]),
                        network.initializers.at("w").slice(0, 3).flatten(1)));
  EXPECT_TRUE(at::equal(bias_of(network, layers[1]), network.initializers.at("b").slice(0, 3)));
  const Network before = network;
  set_weight(network, layers[1], at::zeros({3, 18}));
  set_shift(network, layers[1], at::full({3}, 9));
  EXPECT_TRUE(at::equal(weight_of(network, layers[0]), weight_of(before, layers[0])));
  EXPECT_TRUE(at::equal(bias_of(network, layers[0]), bias_of(before, layers[0])));
  EXPECT_EQ(weight_of(network, layers[1]).count_nonzero().item<int64_t>(), 0);
  EXPECT_EQ(bias_of(network, layers[1]).sum().item<float>(), 27);
  EXPECT_GT(weight_of(before, layers[1]).count_nonzero().item<int64_t>(), 0)
      << "a copy keeps its own";
}

}  // namespace
}  // namespace ncprune
