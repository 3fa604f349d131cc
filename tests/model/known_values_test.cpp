#include "ncprune/model/known_values.h"

#include <ATen/ops/isnan.h>
#include <gtest/gtest.h>

#include "ncprune/model/units.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

// What is called known is what the network computes, for any input. Returns how much is known.
int64_t expect_true_for_random_inputs(const Network& network) {
  const auto known = known_values(network);
  int64_t count = 0;
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    std::vector<int64_t> shape = network.input.shape;
    shape.front() = 1;
    const at::Tensor input = 3 * normal(shape, seed).to(at::kFloat);
    count = 0;
    for (const Node& node : network.nodes) {
      const at::Tensor value = run(network, input, {node.outputs.front()}).front();
      const at::Tensor& own = known.at(node.outputs.front());
      EXPECT_EQ(own.sizes(), value.sizes()) << node.label();
      const at::Tensor is_known = at::isnan(own).logical_not();
      EXPECT_TRUE(own.where(is_known, value).allclose(value, 1e-4, 1e-5)) << node.label();
      count += is_known.sum().item<int64_t>();
    }
  }
  return count;
}

TEST(KnownValues, AreWhatEveryArchitectureComputesForAnyInput) {
  for (const std::string spec : {"mlp:12,8?batchnorm=true", "cnn:4,6", "resnet:20", "densenet:22-4",
                                 "mobilenet:2", "mobilenet:3-small", "vit:8,24,2,4"}) {
    SCOPED_TRACE(spec);
    Network network = build_network(spec, {3, 16, 16}, 4, Random(7));
    EXPECT_EQ(expect_true_for_random_inputs(network), 0);
    uint64_t seed = 1;
    for (const Layer& layer : weight_layers(network)) {
      const at::Tensor weight = weight_of(network, layer);
      const at::Tensor rows = normal({weight.size(0), 1}, ++seed).gt(0);
      set_weight(network, layer, weight * rows);
    }
    EXPECT_GT(expect_true_for_random_inputs(network), 0);
  }
}

// x [1, 4] and the values of one node that reads it and these initializers.
at::Tensor known_after(const Node& node, const std::map<std::string, at::Tensor>& initializers,
                       const std::vector<int64_t>& sample = {4}) {
  Network network;
  network.input.name = "x";
  network.input.shape = {-1};
  network.input.shape.insert(network.input.shape.end(), sample.begin(), sample.end());
  network.initializers = initializers;
  network.nodes = {node};
  network.output = {node.outputs.front(), {-1, 4}};
  return known_values(network).at(node.outputs.front());
}

TEST(KnownValues, OfAProductAreThoseThatNoUnknownReaches) {
  // Columns: one weight, none, and none but a bias.
  const std::map<std::string, at::Tensor> weights{
      {"w", floats({1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0}, {4, 3})}, {"b", floats({1, 2, 3}, {3})}};
  const at::Tensor gemm = known_after({"Gemm", "", {"x", "w", "b"}, {"y"}, {}}, weights);
  EXPECT_TRUE(at::isnan(gemm[0][0]).item<bool>());
  EXPECT_EQ(gemm[0][1].item<float>(), 2);
  EXPECT_EQ(gemm[0][2].item<float>(), 3);
  // A multiplication by 0, and an addition of it.
  const std::map<std::string, at::Tensor> zeros{{"z", floats({0, 1, 0, 2}, {4})}};
  const at::Tensor product = known_after({"Mul", "", {"x", "z"}, {"y"}, {}}, zeros);
  EXPECT_TRUE(at::isnan(product[0]).equal(zeros.at("z").ne(0)));
  const at::Tensor sum = known_after({"Add", "", {"x", "z"}, {"y"}, {}}, zeros);
  EXPECT_TRUE(at::isnan(sum).all().item<bool>());
}

TEST(KnownValues, NothingIsKnownOfAnOperatorThatMayLookAtTheInput) {
  const std::map<std::string, at::Tensor> bounds{{"c", floats({1, 2, 3, 4}, {4})}};
  for (const char* op : {"Softmax", "LayerNormalization", "ReduceMin", "Sign"}) {
    Node node{op, "", {"x"}, {"y"}, {}};
    if (op == std::string("LayerNormalization")) node.inputs.push_back("c");
    EXPECT_TRUE(at::isnan(known_after(node, bounds)).all().item<bool>()) << op;
  }
}

TEST(KnownValues, ThePaddingOfADepthwiseConvolutionIsNotTheChannel) {
  Network network;
  network.input = {"x", {-1, 1, 3, 3}};
  network.output = {"y", {-1, 1}};
  network.initializers = {
      {"none", at::zeros({1, 1, 1, 1})}, {"b", floats({2}, {1})}, {"w", at::ones({1, 1, 3, 3})}};
  network.nodes = {{"Conv", "", {"x", "none", "b"}, {"c"}, {}},
                   {"Conv", "", {"c", "w"}, {"y"}, {{"pads", std::vector<int64_t>(4, 1)}}}};
  const at::Tensor known = known_values(network).at("y");
  EXPECT_EQ(known[0][0][1][1].item<float>(), 18);
  EXPECT_EQ(known[0][0][0][0].item<float>(), 8);
}

}  // namespace
}  // namespace ncprune
