#include <gtest/gtest.h>

#include "ncprune/base/error.h"
#include "tests/compile/branches.h"
#include "tests/compile/c_program.h"

namespace ncprune {
namespace {

TEST(Compile, ConvolutionsOfEveryShapeAgree) {
  for (const auto& [rows, columns] :
       {std::pair<int64_t, int64_t>{1, 1}, {1, 7}, {7, 7}, {8, 8}, {9, 14}, {5, 17}, {16, 3}}) {
    expect_agreement(many_convolutions(3, rows, columns), {}, 1e-5);
  }
}

TEST(Compile, ConvolutionsAgreeInHalfPrecision) {
  expect_agreement(many_convolutions(2, 8, 6), {.weights = WeightType::kHalf}, 1e-2);
}

TEST(Compile, OneSpatialAxisAgrees) {
  Branches branches({4, 19});
  for (const int64_t stride : {1, 2}) {
    branches.end(branches.node(
        "Conv", {branches.input, branches.weight({6, 4, 5}, 0.5)},
        {{"strides", std::vector<int64_t>{stride}}, {"pads", std::vector<int64_t>{2, 1}}}));
    branches.end(branches.node(
        "MaxPool", {branches.input},
        {{"kernel_shape", std::vector<int64_t>{3}}, {"strides", std::vector<int64_t>{stride}}}));
  }
  expect_agreement(branches.finish(), {}, 1e-5);
}

// Two convolutions whose sum is rectified, a per-channel factor, and layers one after the other.
TEST(Compile, FollowingLayersAreFusedAndAgree) {
  for (const int64_t size : {6, 8, 12, 15}) {
    Branches branches({4, size, size});
    const std::map<std::string, Attribute> padded{{"pads", std::vector<int64_t>{1, 1, 1, 1}}};
    const auto convolved = [&](const std::string& value, double zeros) {
      return branches.node("Conv", {value, branches.weight({4, 4, 3, 3}, zeros)}, padded);
    };
    std::string value = branches.input;
    for (const double zeros : {0.8, 0.0}) {
      const std::string left = convolved(convolved(value, zeros), 0.8);
      value = branches.node("Relu", {branches.node("Add", {left, convolved(value, zeros)})});
      value =
          branches.node("BatchNormalization",
                        {value, branches.weight({4}), branches.weight({4}), branches.weight({4}),
                         branches.constant(at::tensor({0.5F, 1.0F, 2.0F, 3.0F}))});
      const std::string gate = branches.node(
          "Sigmoid", {branches.node("Conv", {branches.node("GlobalAveragePool", {value}),
                                             branches.weight({4, 4, 1, 1})})});
      value = branches.node("Mul", {convolved(value, 0.8), gate});
      value = branches.node("Clip", {convolved(value, 0.7), branches.constant(at::tensor(0.0F)),
                                     branches.constant(at::tensor(6.0F))});
      value = branches.node("HardSwish", {convolved(value, 0.7)});
      branches.end(value);
    }
    expect_agreement(branches.finish(), {}, 1e-4);
  }
}

TEST(Compile, BatchesOfSeveralSamplesAgree) {
  expect_agreement(many_convolutions(2, 4, 5), {.batch = 4}, 1e-5);
}

// Layers of other kinds: pools, norms, attention, sums and moves, fully connected and sparse.
Network assorted() {
  Branches branches({4, 5, 6});
  const std::string& x = branches.input;
  for (const char* pool : {"MaxPool", "AveragePool"}) {
    branches.end(branches.node(pool, {x},
                               {{"kernel_shape", std::vector<int64_t>{3, 2}},
                                {"strides", std::vector<int64_t>{2, 1}},
                                {"pads", std::vector<int64_t>{1, 0, 1, 1}}}));
  }
  branches.end(branches.node("GlobalAveragePool", {x}));
  branches.end(branches.node("ReduceMax", {x}, {{"axes", std::vector<int64_t>{1, 3}}}));
  branches.end(branches.node("Softmax", {x}, {{"axis", int64_t{2}}}));
  branches.end(
      branches.node("LayerNormalization", {x, branches.weight({6}), branches.weight({6})}));
  branches.end(branches.node("Transpose", {x}, {{"perm", std::vector<int64_t>{0, 3, 1, 2}}}));
  branches.end(branches.node("Concat", {x, branches.node("Relu", {x})}, {{"axis", int64_t{2}}}));
  branches.end(branches.node("Resize",
                             {x, "", branches.constant(at::tensor({1.0F, 1.0F, 1.5F, 2.0F}))},
                             {{"mode", std::string("linear")}}));
  const std::string turned =
      branches.node("Transpose", {x}, {{"perm", std::vector<int64_t>{0, 1, 3, 2}}});
  branches.end(branches.node("MatMul", {x, turned}));
  const std::string flat = branches.node("Flatten", {x});
  for (const double zeros : {0.0, 0.9}) {
    const std::string hidden =
        branches.node("Relu", {branches.node("MatMul", {flat, branches.weight({120, 33}, zeros)})});
    branches.end(
        branches.node("Gemm", {hidden, branches.weight({33, 5}, zeros), branches.weight({5})}));
  }
  return branches.finish();
}

// Layers one after the other over rows of lengths that lie in memory in different ways, among them
// whole lines of the cache.
Network rows_of_many_lengths() {
  constexpr int64_t kChannels = 8;
  Branches branches({kChannels, 10, 56});
  const auto convolved = [&](const std::string& value, int64_t kernel, double zeros) {
    return branches.node("Conv",
                         {value, branches.weight({kChannels, kChannels, kernel, kernel}, zeros)},
                         {{"pads", std::vector<int64_t>(4, kernel / 2)}});
  };
  for (const int64_t columns : {7, 14, 16, 32, 56}) {
    const std::string cut =
        branches.node("Slice", {branches.input, branches.integers({0}),
                                branches.integers({columns}), branches.integers({3})});
    for (const double zeros : {0.9, 0.0}) {
      const std::string first = branches.node("Relu", {convolved(cut, 1, zeros)});
      const std::string second = convolved(convolved(first, 3, zeros), 1, zeros);
      const std::string sum = branches.node("Relu", {branches.node("Add", {second, first})});
      const std::string last = branches.node("HardSwish", {convolved(sum, 3, zeros)});
      branches.end(
          branches.node("Clip", {convolved(last, 1, zeros), branches.constant(at::tensor(-1.0F)),
                                 branches.constant(at::tensor(6.0F))}));
    }
  }
  return branches.finish();
}

TEST(Compile, RowsOfManyLengthsAgree) {
  expect_agreement(rows_of_many_lengths(), {}, 1e-4);
}

// Layers that read more than the first cache holds, which are computed in parts.
TEST(Compile, LayersOfManyPlanesAgree) {
  constexpr int64_t kPlanes = 96;
  Branches branches({kPlanes, 12, 28});
  const std::map<std::string, Attribute> padded{{"pads", std::vector<int64_t>{1, 1, 1, 1}}};
  for (const int64_t columns : {7, 14, 28}) {
    const std::string cut =
        branches.node("Slice", {branches.input, branches.integers({0}),
                                branches.integers({columns}), branches.integers({3})});
    for (const double zeros : {0.8, 0.0}) {
      const auto convolved = [&] {
        return branches.node(
            "Conv", {cut, branches.weight({6, kPlanes, 3, 3}, zeros), branches.weight({6})},
            padded);
      };
      const std::string sum =
          branches.node("Relu", {branches.node("Add", {convolved(), convolved()})});
      branches.end(branches.node("Conv", {sum, branches.weight({6, 6, 3, 3}, zeros)}, padded));
      branches.end(branches.node("HardSwish", {convolved()}));
    }
  }
  expect_agreement(branches.finish(), {}, 1e-4);
}

// Strides, kernels and pads that leave rows of 16 results or more, and windows beyond every edge.
Network strided_depthwise(int64_t rows, int64_t columns) {
  constexpr int64_t kChannels = 3;
  Branches branches({kChannels, rows, columns});
  for (const int64_t kernel : {1, 2, 3, 5, 9}) {
    for (const int64_t stride : {2, 3}) {
      for (const int64_t dilation : {1, 2}) {
        for (const int64_t pad : {int64_t{0}, kernel / 2, kernel}) {
          const int64_t extent = (kernel - 1) * dilation + 1;
          if (rows + 2 * pad < extent) continue;
          const int64_t each = 1 + (kernel + stride) % 2;
          std::string value =
              branches.node("Conv",
                            {branches.input, branches.weight({kChannels * each, 1, kernel, kernel}),
                             branches.weight({kChannels * each})},
                            {{"strides", std::vector<int64_t>{stride, stride}},
                             {"dilations", std::vector<int64_t>{dilation, dilation}},
                             {"pads", std::vector<int64_t>{pad, pad, pad, pad}},
                             {"group", kChannels}});
          if (pad == 0) value = branches.node("Relu", {value});
          if (pad == kernel) value = branches.node("Sigmoid", {value});
          branches.end(value);
        }
      }
    }
  }
  return branches.finish();
}

TEST(Compile, StridedDepthwiseConvolutionsAgree) {
  for (const auto& [rows, columns] :
       {std::pair<int64_t, int64_t>{1, 40}, {2, 47}, {9, 33}, {16, 64}}) {
    expect_agreement(strided_depthwise(rows, columns), {}, 1e-5);
  }
  expect_agreement(strided_depthwise(5, 35), {.weights = WeightType::kHalf}, 1e-2);
}

// A normalisation, a sum, a bound and a padded convolution after a strided depthwise one.
TEST(Compile, LayersAfterAStridedDepthwiseConvolutionAgree) {
  Branches branches({4, 20, 40});
  const std::map<std::string, Attribute> padded{{"pads", std::vector<int64_t>{1, 1, 1, 1}}};
  const auto halved = [&] {
    return branches.node("Conv", {branches.input, branches.weight({4, 1, 3, 3})},
                         {{"strides", std::vector<int64_t>{2, 2}},
                          {"pads", std::vector<int64_t>{1, 1, 1, 1}},
                          {"group", int64_t{4}}});
  };
  std::string value =
      branches.node("BatchNormalization",
                    {halved(), branches.weight({4}), branches.weight({4}), branches.weight({4}),
                     branches.constant(at::tensor({0.5F, 1.0F, 2.0F, 3.0F}))});
  value = branches.node(
      "Clip", {value, branches.constant(at::tensor(0.0F)), branches.constant(at::tensor(6.0F))});
  value = branches.node("Conv", {value, branches.weight({4, 4, 3, 3})}, padded);
  value = branches.node("Relu", {branches.node("Add", {halved(), value})});
  branches.end(branches.node("Conv", {value, branches.weight({4, 4, 3, 3}, 0.8)}, padded));
  expect_agreement(branches.finish(), {}, 1e-4);
}

// Exactly sized memory, under the sanitizers; other compilers and processors.
class CompiledSource : public ::testing::TestWithParam<Network (*)()> {};

TEST_P(CompiledSource, IsCleanUnderSanitizersAndPortable) {
  const Network network = GetParam()();
  const std::string source = compile(network, {}).source;
  const at::Tensor inputs = inputs_for(network, 2);
  const at::NoGradGuard no_grad;
  const at::Tensor wanted = run(network, inputs, {network.output.name}).front();
  std::vector<std::string> commands{
      "cc -std=c11 -Wall -Wextra -Werror -O1 -march=native -fsanitize=address,undefined "
      "-fno-sanitize-recover",
      "cc -std=c11 -O1 -march=native -mno-avx2 -mno-avx512f", "cc -std=c11 -O1",
      "cc -std=c11 -pedantic-errors -Wno-overlength-strings -O1 -DNC_PLAIN"};
  if (std::system("clang --version >/dev/null 2>&1") == 0) {
    commands.emplace_back("clang -std=c11 -O1 -march=native -Wno-everything");
  }
  for (const std::string& command : commands) {
    const testing::ProgramScores found =
        testing::run_as_program(source, command, inputs, network.num_classes());
    ASSERT_TRUE(found.scores.defined()) << command << ": " << found.report.substr(0, 2000);
    EXPECT_LT((found.scores - wanted).abs().max().item<double>(), 1e-3) << command;
  }
}

INSTANTIATE_TEST_SUITE_P(OfNetworks, CompiledSource,
                         ::testing::Values([] { return many_convolutions(2, 6, 5); }, assorted,
                                           rows_of_many_lengths,
                                           [] { return strided_depthwise(5, 33); }));

}  // namespace
}  // namespace ncprune
