// The sparse convolution against LibTorch's dense one in double precision.
#include "ncprune/model/sparse_convolution.h"

#include <ATen/Parallel.h>
#include <ATen/ops/convolution.h>
#include <ATen/ops/rand_like.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "tests/model/one_node.h"

namespace ncprune {
namespace {

using Pair = std::vector<int64_t>;

struct Case {
  std::string name;
  Pair picture;  // N, C, H, W
  Pair weight;   // M, C / groups, kH, kW
  Pair strides = {1, 1};
  Pair pads = {0, 0};
  Pair dilations = {1, 1};
  int64_t groups = 1;
  double density = 0.2;
};

std::vector<Case> cases() {
  return {
      {"OneGroupOfSamples", {16, 5, 6, 7}, {4, 5, 3, 3}, {1, 1}, {1, 1}},
      {"NotAWholeGroup", {21, 5, 6, 7}, {4, 5, 3, 3}, {1, 1}, {1, 1}},
      {"ThreeGroups", {48, 3, 5, 5}, {6, 3, 3, 3}, {1, 1}, {1, 1}},
      {"SeveralChunks", {150, 3, 5, 5}, {6, 3, 3, 3}, {1, 1}, {1, 1}},
      {"ManyInputs", {70, 40, 4, 4}, {3, 40, 3, 3}, {1, 1}, {1, 1}},
      {"ManyWeights", {16, 96, 3, 3}, {64, 96, 3, 3}, {1, 1}, {1, 1}, {1, 1}, 1, 0.25},
      {"StrideTwo", {16, 4, 9, 8}, {5, 4, 3, 3}, {2, 2}, {1, 1}},
      {"StrideBeyondTheKernel", {16, 4, 11, 10}, {5, 4, 2, 1}, {3, 4}, {0, 0}},
      {"UnequalAxes", {32, 4, 9, 5}, {5, 4, 5, 1}, {2, 1}, {2, 0}},
      {"Dilated", {16, 4, 9, 9}, {5, 4, 3, 3}, {1, 1}, {2, 2}, {2, 2}},
      {"DilatedWithStride", {16, 4, 10, 9}, {5, 4, 3, 3}, {2, 3}, {3, 2}, {3, 2}},
      {"WidePads", {16, 2, 3, 3}, {3, 2, 2, 2}, {1, 1}, {3, 3}},
      {"Groups", {16, 6, 5, 5}, {9, 2, 3, 3}, {1, 1}, {1, 1}, {1, 1}, 3},
      {"Depthwise", {32, 6, 5, 5}, {6, 1, 3, 3}, {2, 2}, {1, 1}, {1, 1}, 6, 0.6},
      {"OneByOne", {64, 40, 4, 4}, {7, 40, 1, 1}},
      {"NothingLeft", {16, 3, 4, 4}, {2, 3, 3, 3}, {1, 1}, {1, 1}, {1, 1}, 1, 0},
  };
}

struct Operands {
  at::Tensor x;
  at::Tensor weight;
  at::Tensor bias;
};

Operands operands_of(const Case& made) {
  at::manual_seed(3);
  const at::Tensor weight = at::randn(made.weight);
  return {at::randn(made.picture), weight * at::rand_like(weight).lt(made.density),
          at::randn({made.weight[0]})};
}

Windows windows_of(const Case& made) {
  Windows windows{
      {made.weight[2], made.weight[3]}, made.strides, made.dilations, made.pads, made.pads, {}};
  for (size_t axis = 0; axis < 2; ++axis) {
    const int64_t room = made.picture[axis + 2] + 2 * made.pads[axis] - windows.extent(axis);
    windows.positions.push_back(room / made.strides[axis] + 1);
  }
  return windows;
}

at::Tensor sparse(const Case& made, const Operands& operands) {
  return sparse_convolution(
             {operands.x, operands.weight, operands.bias, windows_of(made), made.groups})
      .y;
}

at::Tensor dense(const Case& made, const Operands& operands) {
  return at::convolution(operands.x, operands.weight, operands.bias, made.strides, made.pads,
                         made.dilations, false, {0, 0}, made.groups);
}

Operands tracked(const Operands& operands, at::ScalarType type) {
  const auto leaf = [&](const at::Tensor& tensor) {
    return tensor.to(type, false, /*copy=*/true).requires_grad_();
  };
  return {leaf(operands.x), leaf(operands.weight), leaf(operands.bias)};
}

void expect_close(const at::Tensor& found, const at::Tensor& wanted) {
  ASSERT_EQ(found.sizes(), wanted.sizes());
  const double size = wanted.numel() == 0 ? 0 : wanted.abs().max().item<double>();
  const double error = (found.to(at::kDouble) - wanted).abs().max().item<double>();
  EXPECT_LE(error, 2e-6 * (1 + size));
}

class SparseConvolutionTest : public testing::TestWithParam<Case> {};

TEST_P(SparseConvolutionTest, ComputesTheConvolution) {
  const Case& made = GetParam();
  const Operands operands = operands_of(made);
  const at::NoGradGuard no_grad;
  const auto type = [](const at::Tensor& tensor) { return tensor.to(at::kDouble); };
  const at::Tensor wanted =
      dense(made, {type(operands.x), type(operands.weight), type(operands.bias)});
  expect_close(sparse(made, operands), wanted);
  expect_close(sparse(made, {operands.x, operands.weight, {}}),
               dense(made, {type(operands.x), type(operands.weight), {}}));
  const at::Tensor last = operands.x.contiguous(at::MemoryFormat::ChannelsLast);
  expect_close(sparse(made, {last, operands.weight, operands.bias}), wanted);
  const at::Tensor lines = operands.x.permute({2, 3, 1, 0}).contiguous().permute({3, 2, 0, 1});
  expect_close(sparse(made, {lines, operands.weight, operands.bias}), wanted);
  const at::Tensor odd = operands.x.transpose(2, 3).contiguous().transpose(2, 3);
  expect_close(sparse(made, {odd, operands.weight, operands.bias}), wanted);
}

TEST_P(SparseConvolutionTest, ItsGradientsAreThoseOfTheConvolutionButForZeroWeights) {
  const Case& made = GetParam();
  const Operands single = tracked(operands_of(made), at::kFloat);
  const Operands precise = tracked(operands_of(made), at::kDouble);
  const at::Tensor found = sparse(made, single);
  const at::Tensor wanted = dense(made, precise);
  const at::Tensor along = at::randn(found.sizes());
  const auto by = [&](const at::Tensor& y, const Operands& operands, const at::Tensor& direction) {
    return torch::autograd::grad({y}, {operands.x, operands.weight, operands.bias}, {direction});
  };
  const auto gradients = by(found, single, along);
  const auto reference = by(wanted, precise, along.to(at::kDouble));
  expect_close(gradients[0], reference[0]);
  expect_close(gradients[1], reference[1] * precise.weight.detach().ne(0));
  expect_close(gradients[2], reference[2]);
}

TEST_P(SparseConvolutionTest, IsTheSameToTheBitOnAnyNumberOfThreads) {
  const Case& made = GetParam();
  const Operands operands = tracked(operands_of(made), at::kFloat);
  const auto all = [&] {
    const at::Tensor y = sparse(made, operands);
    auto values =
        torch::autograd::grad({y.square().sum()}, {operands.x, operands.weight, operands.bias});
    values.push_back(y.detach());
    return values;
  };
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const auto one = all();
  at::set_num_threads(3);
  const auto three = all();
  at::set_num_threads(threads);
  for (size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(one[i].equal(three[i]));
}

INSTANTIATE_TEST_SUITE_P(Cases, SparseConvolutionTest, testing::ValuesIn(cases()),
                         [](const auto& one) { return one.param.name; });

TEST(SparseConvolution, GradientsOfGradientsAreThoseOfTheConvolution) {
  const Case made = cases().front();
  const auto twice = [&](const Operands& operands, const auto& convolution) {
    const at::Tensor y = convolution(made, operands);
    const auto first = torch::autograd::grad({y.pow(3).sum()}, {operands.x}, {}, true, true);
    return torch::autograd::grad({first.front().square().sum()}, {operands.x}).front();
  };
  const at::Tensor wanted = twice(tracked(operands_of(made), at::kDouble), dense);
  const at::Tensor found = twice(tracked(operands_of(made), at::kFloat), sparse);
  EXPECT_LE((found - wanted).abs().max().item<double>(), 1e-4 * wanted.abs().max().item<double>());
}

// A sum and a Relu in the convolution, whose gradient by x joins that of another reader; and the
// same in several steps.
at::Tensor joined(const Case& made, const Operands& operands, const at::Tensor& summand) {
  SparseConvolution convolution{operands.x, operands.weight, operands.bias, windows_of(made),
                                made.groups};
  convolution.summand = summand;
  convolution.rectified = true;
  const SparseResult result = sparse_convolution(convolution);
  return result.y.pow(3).sum() + result.x.pow(3).sum();
}

at::Tensor in_steps(const Case& made, const Operands& operands, const at::Tensor& summand) {
  const at::Tensor y = (dense(made, operands) + summand).relu();
  return y.pow(3).sum() + operands.x.pow(3).sum();
}

TEST_P(SparseConvolutionTest, TakesASumAndAReluOver) {
  const Case& made = GetParam();
  const Operands drawn = operands_of(made);
  const at::Tensor z = at::randn(dense(made, drawn).sizes());
  const auto gradients = [&](at::ScalarType type, const auto& loss, bool twice) {
    const Operands operands = tracked(drawn, type);
    const at::Tensor summand = z.to(type, false, /*copy=*/true).requires_grad_();
    const std::vector<at::Tensor> by{operands.x, operands.weight, operands.bias, summand};
    const auto first = torch::autograd::grad({loss(made, operands, summand)}, by, {}, twice, twice);
    if (!twice) return first;
    return torch::autograd::grad({first[0].square().sum()}, {operands.x, summand});
  };
  for (const bool twice : {false, true}) {
    const auto found = gradients(at::kFloat, joined, twice);
    auto wanted = gradients(at::kDouble, in_steps, twice);
    if (!twice) wanted[1] = wanted[1] * drawn.weight.ne(0);
    for (size_t i = 0; i < wanted.size(); ++i) {
      const double size = wanted[i].numel() == 0 ? 0 : wanted[i].abs().max().item<double>();
      const double error = (found[i].to(at::kDouble) - wanted[i]).abs().max().item<double>();
      EXPECT_LE(error, 1e-4 * size) << i << (twice ? ", of gradients" : "");
    }
  }
}

TEST(SparseConvolution, AConvLearnsItsZerosUnlessTheyAreToStay) {
  const Operands operands = tracked(operands_of(cases().front()), at::kFloat);
  const Attributes pads{{"pads", Attribute(std::vector<int64_t>{1, 1, 1, 1})}};
  const auto gradient = [&](bool keep_zeros) {
    const at::Tensor y = apply("Conv", {operands.x, operands.weight, operands.bias}, pads,
                               {.keep_zeros = keep_zeros});
    return torch::autograd::grad({y.square().sum()}, {operands.weight}).front();
  };
  const at::Tensor zeros = operands.weight.detach().eq(0);
  EXPECT_TRUE(gradient(true).masked_select(zeros).eq(0).all().item<bool>());
  EXPECT_TRUE(gradient(false).masked_select(zeros).ne(0).all().item<bool>());
  expect_close(gradient(true), (gradient(false) * zeros.logical_not()).to(at::kDouble));
}

TEST(SparseConvolution, AConvWithUnequalPadsIsTheSameWithFewSamplesAndWithMany) {
  const Operands operands = operands_of(cases().front());
  const Attributes pads{{"pads", Attribute(std::vector<int64_t>{0, 1, 2, 3})}};
  const auto result = [&](const at::Tensor& x) {
    const at::NoGradGuard no_grad;
    return apply("Conv", {x, operands.weight, operands.bias}, pads);
  };
  const at::Tensor many = result(operands.x);
  expect_close(many.slice(0, 0, 2), result(operands.x.slice(0, 0, 2)).to(at::kDouble));
}

}  // namespace
}  // namespace ncprune
