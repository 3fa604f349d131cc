#include "ncprune/train/optimizer.h"

#include <ATen/ops/from_blob.h>
#include <gtest/gtest.h>

#include <cmath>

#include "ncprune/base/error.h"

namespace ncprune {
namespace {

// A gradient that is different at every element and step, and exactly 0 at some.
double gradient_at(size_t i, int step) {
  return i % 5 == 0 ? 0
                    : std::sin(static_cast<double>(i) + step) / (1 + static_cast<double>(i % 3));
}

// The formulas of PyTorch's documentation, an element at a time in double precision.
struct Reference {
  std::string name;
  OptimizerOptions options;
  double value, first = 0, second = 0;

  void step(double g, double rate, int t) {
    if (name == "adamw") value -= rate * options.weight_decay * value;
    if (name != "adamw") g += options.weight_decay * value;
    if (name == "sgd") {
      first = t == 1 ? g : options.momentum * first + g;
      value -= rate * first;
      return;
    }
    first = 0.9 * first + 0.1 * g;
    second = 0.999 * second + 0.001 * g * g;
    const double mean = first / (1 - std::pow(0.9, t));
    value -= rate * mean / (std::sqrt(second / (1 - std::pow(0.999, t))) + 1e-8);
  }
};

class OptimizerStep : public testing::TestWithParam<std::tuple<std::string, size_t, double>> {};

TEST_P(OptimizerStep, AgreesWithReference) {
  const auto& [name, size, decay] = GetParam();
  const OptimizerOptions options{.momentum = 0.8, .weight_decay = decay};
  std::vector<float> start(size);
  std::vector<Reference> references;
  for (size_t i = 0; i < size; ++i) {
    start[i] = static_cast<float>(std::cos(static_cast<double>(i)));
    references.push_back({name, options, start[i]});
  }
  const auto count = static_cast<int64_t>(size);
  at::Tensor parameter = at::from_blob(start.data(), {count}).clone().requires_grad_();
  Optimizer optimizer(name, {parameter}, options);
  for (int t = 1; t <= 12; ++t) {
    std::vector<float> gradient(size);
    const double rate = 0.01 * t;
    for (size_t i = 0; i < size; ++i) {
      gradient[i] = static_cast<float>(gradient_at(i, t));
      references[i].step(gradient[i], rate, t);
    }
    parameter.mutable_grad() = at::from_blob(gradient.data(), {count}).clone();
    optimizer.step(rate);
    EXPECT_FALSE(parameter.grad().defined());
  }
  const at::Tensor result = parameter.detach();
  for (size_t i = 0; i < size; ++i) {
    // 12 steps of size at most 0.12, each with a few float roundings.
    ASSERT_NEAR(elements<float>(result)[i], references[i].value, 2e-5) << name << " element " << i;
  }
}

// 1 and 7 are shorter than a register; 70001 is split between threads and divides by nothing.
INSTANTIATE_TEST_SUITE_P(Sizes, OptimizerStep,
                         testing::Combine(testing::Values("sgd", "adam", "adamw"),
                                          testing::Values<size_t>(1, 7, 1000, 70001),
                                          testing::Values(0.0, 0.1)));

TEST(Optimizer, LeavesParametersWithoutGradientAlone) {
  at::Tensor parameter = at::from_blob(std::vector<float>{1, 2}.data(), {2}).clone();
  parameter.requires_grad_();
  Optimizer("adamw", {parameter}, {.weight_decay = 0.5}).step(0.1);
  EXPECT_EQ(parameter[1].item<float>(), 2);
}

TEST(Optimizer, TakesTransposedGradients) {
  std::vector<float> numbers{1, 2, 3, 4, 5, 6};
  at::Tensor parameter = at::from_blob(numbers.data(), {2, 3}).clone().requires_grad_();
  parameter.mutable_grad() = at::from_blob(numbers.data(), {3, 2}).clone().t();
  Optimizer("sgd", {parameter}, {.momentum = 0}).step(1);
  EXPECT_EQ(parameter[0][1].item<float>(), 2 - 3);
  EXPECT_EQ(parameter[1][0].item<float>(), 4 - 2);
}

TEST(Optimizer, RefusesUnknownName) {
  EXPECT_THROW(Optimizer("adagrad", {}, {}), InputError);
}

TEST(TrainableInitializers, LeaveOutRunningStatisticsScalarsAndIntegers) {
  Network network;
  const at::Tensor one = at::from_blob(std::vector<float>{1}.data(), {1}).clone();
  for (const char* name : {"w", "scale", "shift", "mean", "var", "ratio"}) {
    network.initializers[name] = one;
  }
  network.initializers["shape"] = one.to(at::kLong);
  network.initializers["six"] = one.squeeze();
  network.nodes = {{"BatchNormalization", "", {"x", "scale", "shift", "mean", "var"}, {"y"}, {}},
                   {"Dropout", "", {"y", "ratio"}, {"z"}, {}},
                   {"Clip", "", {"z", "", "six"}, {"clipped"}, {}},
                   {"MatMul", "", {"clipped", "w"}, {"logits"}, {}}};
  EXPECT_EQ(trainable_initializers(network), (std::vector<std::string>{"scale", "shift", "w"}));
}

}  // namespace
}  // namespace ncprune
