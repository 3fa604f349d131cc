// Operators against numbers worked out by hand; all of them pass ONNX's own tests as well
// (tests/onnx/conformance_test.cpp).
#include "ncprune/model/operators.h"

#include <ATen/Parallel.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/data/input_error.h"
#include "tests/matrix.h"
#include "tests/model/one_node.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

Attributes integer(const std::string& name, int64_t value) {
  return {{name, value}};
}

struct Case {
  std::string op_type;
  std::vector<at::Tensor> inputs;
  Attributes attributes;
  at::Tensor wanted;
};

std::vector<Case> cases() {
  const at::Tensor row = floats({1, -2, 3}, {1, 3});
  const at::Tensor square = floats({1, 2, 3, 4}, {2, 2});
  const at::Tensor other = floats({5, 6, 7, 8}, {2, 2});
  const at::Tensor none;
  const auto e = [](double x) { return std::exp(x); };
  const double sum = e(1) + e(-2) + e(3);
  return {
      {"Add", {square, floats({10, 20}, {2})}, {}, floats({11, 22, 13, 24}, {2, 2})},
      {"Relu", {row}, {}, floats({1, 0, 3}, {1, 3})},
      {"LeakyRelu", {row}, {}, floats({1, -0.02, 3}, {1, 3})},
      {"LeakyRelu", {row}, {{"alpha", 0.5F}}, floats({1, -1, 3}, {1, 3})},
      {"Tanh", {row}, {}, floats({std::tanh(1), std::tanh(-2), std::tanh(3)}, {1, 3})},
      {"Sigmoid", {row}, {}, floats({1 / (1 + e(-1)), 1 / (1 + e(2)), 1 / (1 + e(-3))}, {1, 3})},
      {"Identity", {row}, {}, row},
      {"MatMul", {square, other}, {}, floats({19, 22, 43, 50}, {2, 2})},
      {"Gemm", {square, other}, {}, floats({19, 22, 43, 50}, {2, 2})},
      {"Gemm", {square, other, none}, integer("transB", 1), floats({17, 23, 39, 53}, {2, 2})},
      {"Gemm", {square, other}, integer("transA", 1), floats({26, 30, 38, 44}, {2, 2})},
      {"Gemm",
       {square, other, floats({1, 2}, {2})},
       {{"alpha", 2.0F}, {"beta", 10.0F}},
       floats({48, 64, 96, 120}, {2, 2})},
      {"Softmax", {row}, {}, floats({e(1) / sum, e(-2) / sum, e(3) / sum}, {1, 3})},
      {"Softmax", {row}, integer("axis", 0), floats({1, 1, 1}, {1, 3})},
      {"LogSoftmax",
       {row},
       {},
       floats({1 - std::log(sum), -2 - std::log(sum), 3 - std::log(sum)}, {1, 3})},
      {"Dropout", {row}, {}, row},
      // Newer than the package that has ONNX's own tests.
      {"Gelu",
       {row},
       {},
       floats({0.5 * (1 + std::erf(std::sqrt(0.5))), -(1 + std::erf(-std::sqrt(2))),
               1.5 * (1 + std::erf(std::sqrt(4.5)))},
              {1, 3})},
      {"Gelu",
       {floats({1}, {1, 1})},
       {{"approximate", std::string("tanh")}},
       floats({0.5 * (1 + std::tanh(std::sqrt(2 / M_PI) * 1.044715))}, {1, 1})},
      {"Mish",
       {row},
       {},
       floats({std::tanh(std::log1p(e(1))), -2 * std::tanh(std::log1p(e(-2))),
               3 * std::tanh(std::log1p(e(3)))},
              {1, 3})},
      {"GroupNormalization",
       {floats({1, 3, 2, 6}, {1, 4}), floats({1, 1, 2, 2}, {4}), floats({0, 1, 0, 0}, {4})},
       {{"num_groups", int64_t{2}}, {"epsilon", 0.0F}},
       floats({-1, 2, -2, 2}, {1, 4})},
      {"GroupNormalization",
       {floats({1, 3, 2, 6}, {1, 4}), floats({1, 2}, {2}), floats({0, 1}, {2})},
       {{"num_groups", int64_t{2}}, {"epsilon", 0.0F}},
       floats({-1, 1, -1, 3}, {1, 4})},
      {"BatchNormalization",
       {square, floats({2, 1}, {2}), floats({0, 5}, {2}), floats({1, 2}, {2}), floats({4, 9}, {2})},
       {{"epsilon", 0.0F}},
       floats({0, 5, 2, 5 + 2.0 / 3}, {2, 2})},
  };
}

TEST(Operators, GiveWhatIsWorkedOutByHand) {
  for (const Case& one : cases()) {
    SCOPED_TRACE(one.op_type);
    const at::Tensor found = apply(one.op_type, one.inputs, one.attributes);
    EXPECT_EQ(found.sizes(), one.wanted.sizes());
    expect_near(found, Matrix(one.wanted), 1e-6);
  }
}

TEST(BatchNormalization, UsesAndUpdatesTheBatchsStatisticsInTraining) {
  const at::Tensor mean = floats({1}, {1});
  const at::Tensor variance = floats({2}, {1});
  Random random(1);
  const at::Tensor found =
      apply("BatchNormalization",
            {floats({0, 4}, {2, 1}), floats({1}, {1}), floats({0}, {1}), mean, variance},
            {{"epsilon", 0.0F}, {"momentum", 0.75F}}, {.training = true, .random = &random});
  expect_near(found, Matrix(floats({-1, 1}, {2, 1})), 1e-6);
  EXPECT_FLOAT_EQ(mean.item<float>(), 0.75F * 1 + 0.25F * 2);
  // The running variance takes the unbiased one of the batch, 8.
  EXPECT_FLOAT_EQ(variance.item<float>(), 0.75F * 2 + 0.25F * 8);
}

TEST(Dropout, KeepsTheMeanInTrainingAndFollowsItsSeed) {
  const at::Tensor ones = at::ones({100, 100});
  const at::Tensor ratio = at::full({}, 0.25F);
  const auto dropped = [&](uint64_t seed) {
    Random random(seed);
    return apply("Dropout", {ones, ratio}, {}, {.training = true, .random = &random});
  };
  const at::Tensor found = dropped(1);
  EXPECT_TRUE(found.eq(0).logical_or(found.eq(1 / 0.75F)).all().item<bool>());
  // 10000 draws of variance p / (1 - p): five standard errors.
  EXPECT_NEAR(found.mean().item<double>(), 1, 5 * std::sqrt(0.25 / 0.75 / 10000));
  EXPECT_TRUE(found.equal(dropped(1)));
  EXPECT_FALSE(found.equal(dropped(2)));
}

TEST(Flatten, TakesEveryAxis) {
  const at::Tensor x = normal({2, 3, 4}, 1);
  const auto shape = [&](int64_t axis) {
    return apply("Flatten", {x}, integer("axis", axis)).sizes().vec();
  };
  using Shape = std::vector<int64_t>;
  EXPECT_EQ(shape(0), (Shape{1, 24}));
  EXPECT_EQ(shape(1), (Shape{2, 12}));
  EXPECT_EQ(shape(2), (Shape{6, 4}));
  EXPECT_EQ(shape(3), (Shape{24, 1}));
  EXPECT_EQ(shape(-1), (Shape{6, 4}));
  EXPECT_NE(input_error([&] { shape(4); }).find("node 'n' (Flatten): axis 4"), std::string::npos);
}

TEST(Reshape, CopiesAxesForZeroAndInfersOneForMinusOne) {
  const at::Tensor x = normal({2, 3, 4}, 1);
  const auto shape = [&](const std::vector<int64_t>& wanted, const Attributes& attributes = {}) {
    return apply("Reshape", {x, at::tensor(wanted, at::TensorOptions(at::kLong))}, attributes)
        .sizes()
        .vec();
  };
  using Shape = std::vector<int64_t>;
  EXPECT_EQ(shape({0, -1}), (Shape{2, 12}));
  EXPECT_EQ(shape({-1}), (Shape{24}));
  EXPECT_EQ(shape({4, 0, -1}), (Shape{4, 3, 2}));
  EXPECT_NE(input_error([&] { shape({1, 1, 1, 0}); }).find("0 at axis 3"), std::string::npos);
  EXPECT_NE(input_error([&] { shape({5, -1}); }).find("node 'n' (Reshape)"), std::string::npos);
  EXPECT_NE(input_error([&] {
              shape({0, -1}, integer("allowzero", 1));
            }).find("Reshape"),
            std::string::npos);
}

TEST(Run, ComputesOnlyWhatIsWantedAndNamesTheNodeThatDoesNotFit) {
  Network network;
  network.input = {"x", {-1, 2}};
  network.output = {"y", {-1, 2}};
  network.initializers = {{"w", floats({1, 2, 3, 4, 5, 6}, {3, 2})}};
  network.nodes = {{"Relu", "first", {"x"}, {"h"}, {}},
                   {"MatMul", "broken", {"h", "w"}, {"y"}, {}}};
  const at::Tensor x = floats({1, -1}, {1, 2});
  expect_near(run(network, x, {"h"}).front(), Matrix(floats({1, 0}, {1, 2})), 0);
  const std::vector<at::Tensor> both = run(network, x, {"w", "x"});
  EXPECT_TRUE(both[0].is_same(network.initializers.at("w")));
  EXPECT_TRUE(both[1].is_same(x));
  EXPECT_NE(input_error([&] { run(network, x, {"y"}); }).find("node 'broken' (MatMul)"),
            std::string::npos);
}

TEST(Logits, DoNotDependOnTheBatch) {
  const Dataset data = gaussian_data({5, 1, 3000}, 4);
  const Network network = network_for(data, "mlp:6");
  ASSERT_LT(batch_size(network), data.size());
  expect_near(logits(network, data.inputs), Matrix(value_of(network, data, network.output.name)),
              1e-6);
}

TEST(BatchSize, KeepsTheActivationsOfLargeImagesSmall) {
  Network network;
  network.nodes = {{"Conv", "conv", {"input", "w"}, {"z"}, {}}};
  const auto of_image = [&](int64_t channels, int64_t pixels) {
    network.input.shape = {-1, channels, pixels, pixels};
    return batch_size(network);
  };
  const int before = at::get_num_threads();
  for (const auto& [threads, of_small] : {std::pair{2, 256}, std::pair{1, 48}}) {
    at::set_num_threads(threads);
    EXPECT_EQ(of_image(1, 28), of_small) << "what one thread's own cache holds, or more";
    EXPECT_EQ(of_image(3, 224), 27);
    EXPECT_EQ(of_image(3, 4096), 1);
  }
  at::set_num_threads(before);
}

}  // namespace
}  // namespace ncprune
