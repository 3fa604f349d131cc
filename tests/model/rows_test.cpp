#include "ncprune/model/rows.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/cumsum.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "tests/data/input_error.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

// A convolution with every number of its window its own.
Layer awkward_convolution() {
  Layer layer;
  layer.convolution = {{"Conv",
                        "conv",
                        {"x", "w"},
                        {"z"},
                        {{"strides", std::vector<int64_t>{2, 1}},
                         {"dilations", std::vector<int64_t>{1, 2}},
                         {"pads", std::vector<int64_t>{1, 0, 2, 1}}}},
                       {2, 3}};
  return layer;
}

// The numbers as the definition gives them.
struct Slide {
  int64_t kernel;
  int64_t stride;
  int64_t dilation;
  int64_t begin;
  int64_t end;

  int64_t positions(int64_t size) const {
    return (size + begin + end - dilation * (kernel - 1) - 1) / stride + 1;
  }
};
constexpr Slide kDown{2, 2, 1, 1, 2};
constexpr Slide kAcross{3, 1, 2, 0, 1};

// The patches by their definition: [N, positions, C * kernel].
at::Tensor naive_patches(const at::Tensor& x) {
  const int64_t rows = kDown.positions(x.size(2));
  const int64_t columns = kAcross.positions(x.size(3));
  at::Tensor result = at::zeros(
      {x.size(0), rows * columns, x.size(1) * kDown.kernel * kAcross.kernel}, x.options());
  auto out = result.accessor<float, 3>();
  const auto in = x.accessor<float, 4>();
  for (int64_t n = 0; n < x.size(0); ++n) {
    for (int64_t p = 0; p < rows * columns; ++p) {
      int64_t feature = 0;
      for (int64_t c = 0; c < x.size(1); ++c) {
        for (int64_t a = 0; a < kDown.kernel; ++a) {
          for (int64_t b = 0; b < kAcross.kernel; ++b, ++feature) {
            const int64_t row = p / columns * kDown.stride + a * kDown.dilation - kDown.begin;
            const int64_t column =
                p % columns * kAcross.stride + b * kAcross.dilation - kAcross.begin;
            const bool inside = row >= 0 && row < x.size(2) && column >= 0 && column < x.size(3);
            if (inside) out[n][p][feature] = in[n][c][row][column];
          }
        }
      }
    }
  }
  return result;
}

TEST(Rows, OfAConvolutionAreItsPatches) {
  const Layer layer = awkward_convolution();
  const at::Tensor x = normal({3, 2, 7, 5}, 1).to(at::kFloat);
  const at::Tensor wanted = naive_patches(x);
  const RowChoice all = every_row(layer, x, 3);
  EXPECT_EQ(all.per_sample, wanted.size(1));
  EXPECT_TRUE(at::allclose(input_rows(layer, x, all), wanted.flatten(0, 1)));
}

TEST(Rows, ChosenOnesAreThoseOfTheirPositions) {
  const Layer layer = awkward_convolution();
  const at::Tensor x = normal({5, 2, 7, 5}, 1).to(at::kFloat);
  const at::Tensor patches = naive_patches(x);
  const RowChoice chosen = choose_rows(layer, x, 5, {11, 4});
  ASSERT_EQ(chosen.per_sample, 4);
  const at::Tensor rows = input_rows(layer, x, chosen).view({5, 4, -1});
  // A value with the position itself in every unit.
  const at::Tensor output = at::zeros({5, 3, patches.size(1)}) +
                            doubles({0, 100, 200}, {3, 1}).to(at::kFloat) +
                            at::cumsum(at::ones({patches.size(1)}), 0) - 1;
  const RowChoice all = every_row(layer, x, 5);
  EXPECT_EQ(all.per_sample, patches.size(1));
  const at::Tensor read = output_rows(layer, output.view({5, 3, -1, 5}), chosen).view({5, 4, 3});
  for (int64_t n = 0; n < 5; ++n) {
    int64_t before = -1;
    for (int64_t k = 0; k < 4; ++k) {
      const auto position = read[n][k][0].item<int64_t>();
      EXPECT_GT(position, before);
      before = position;
      EXPECT_EQ(read[n][k][2].item<int64_t>(), position + 200);
      EXPECT_TRUE(at::allclose(rows[n][k], patches[n][position]));
    }
  }
}

TEST(Rows, DoNotDependOnHowTheSamplesAreBatched) {
  const Layer layer = awkward_convolution();
  const at::Tensor x = normal({6, 2, 7, 5}, 1).to(at::kFloat);
  const at::Tensor whole = input_rows(layer, x, choose_rows(layer, x, 6, {0, 3}));
  const at::Tensor part = x.slice(0, 4, 6);
  EXPECT_TRUE(at::allclose(whole.slice(0, 12, 18),
                           input_rows(layer, part, choose_rows(layer, part, 2, {4, 3}))));
}

TEST(Rows, EveryPositionIsChosenEquallyOften) {
  const Layer layer = awkward_convolution();
  const at::Tensor x = at::zeros({2000, 2, 7, 5});
  const RowChoice chosen = choose_rows(layer, x, 2000, {0, 6});
  const int64_t positions = every_row(layer, x, 2000).per_sample;
  const at::Tensor counts = chosen.positions.flatten().bincount({}, positions);
  const double wanted = 2000.0 * 6 / static_cast<double>(positions);
  EXPECT_GT(counts.min().item<double>(), 0.95 * wanted);
  EXPECT_LT(counts.max().item<double>(), 1.05 * wanted);
}

TEST(Rows, ComeFromPaddingByTheInputsSizeToo) {
  Layer layer = awkward_convolution();
  Node& node = layer.convolution->node;
  node.attributes = {{"auto_pad", std::string("SAME_UPPER")},
                     {"strides", std::vector<int64_t>{2, 2}}};
  const at::Tensor x = normal({3, 2, 7, 5}, 1).to(at::kFloat);
  const at::Tensor weight = normal({4, 2, 2, 3}, 2).to(at::kFloat);
  const at::Tensor wanted = operator_of(node)->run(node, {x, weight}, {}).front();
  const RowChoice all = every_row(layer, x, 3);
  EXPECT_EQ(all.per_sample, 4 * 3);
  EXPECT_TRUE(at::allclose(at::matmul(input_rows(layer, x, all), weight.flatten(1).t()),
                           output_rows(layer, wanted, all), 1e-4, 1e-5));
}

TEST(Rows, RefuseAConvolutionThatDoesNotFitItsInput) {
  Layer layer = awkward_convolution();
  const at::Tensor x = normal({3, 2, 7, 5}, 1).to(at::kFloat);
  layer.convolution->node.attributes["strides"] = std::vector<int64_t>{0, 1};
  EXPECT_NE(input_error([&] { every_row(layer, x, 3); }).find("conv"), std::string::npos);
  layer = awkward_convolution();
  EXPECT_NE(input_error([&] { every_row(layer, x.slice(3, 0, 1), 3); }).find("conv"),
            std::string::npos);
}

TEST(Rows, OfAFullyConnectedLayerAreItsInputsOneForEveryPlace) {
  const Layer layer;
  const at::Tensor x = normal({4, 6}, 1);
  EXPECT_TRUE(input_rows(layer, x, every_row(layer, x, 4)).equal(x));
  const at::Tensor sequence = normal({4, 3, 6}, 1);
  const RowChoice all = every_row(layer, sequence, 4);
  EXPECT_EQ(all.per_sample, 3);
  EXPECT_TRUE(input_rows(layer, sequence, all).equal(sequence.flatten(0, 1)));
  EXPECT_TRUE(unit_means(layer, sequence, 4).equal(sequence.mean(1)));
}

}  // namespace
}  // namespace ncprune
