// Criteria that see the weights alone, or with one number per input: by hand.
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include "tests/criteria/scored.h"
#include "tests/data/input_error.h"

namespace ncprune {
namespace {

TEST(Magnitude, IsTheAbsoluteValue) {
  expect_near(score("magnitude", doubles({2, -3, 0, 0.5}, {2, 2})),
              Matrix(doubles({2, 3, 0, 0.5}, {2, 2})), 0);
}

TEST(L1Norm, IsTheSumOfAbsoluteWeightsIntoTheNeuron) {
  expect_near(unit_scores("l1-norm", doubles({3, -4, 0, -1}, {2, 2})), Matrix(doubles({7, 1}, {2})),
              0);
}

TEST(L2Norm, IsTheLengthOfTheNeuronsWeights) {
  expect_near(unit_scores("l2-norm", doubles({3, -4, 0, -1}, {2, 2})), Matrix(doubles({5, 1}, {2})),
              0);
}

TEST(Fpgm, IsTheSumOfTheDistancesToTheOtherNeurons) {
  // A triangle with sides 3, 4 and 5.
  expect_near(unit_scores("fpgm", doubles({0, 0, 3, 4, 0, 4}, {3, 2})),
              Matrix(doubles({5 + 4, 5 + 3, 4 + 3}, {3})), 1e-12);
}

TEST(Lamp, IsTheSquareOverTheSquaresNotSmaller) {
  // The one with the lower index counts as the smaller of the two ones.
  expect_near(score("lamp", doubles({2, -1, 1, 3}, {2, 2})),
              Matrix(doubles({4.0 / 13, 1.0 / 15, 1.0 / 14, 1}, {2, 2})), 1e-15);
}

TEST(RandomCriterion, DrawsEvenlyFromZeroToOneWhateverTheWeights) {
  const at::Tensor drawn = score("random", at::zeros({100, 100}, at::kDouble));
  EXPECT_GE(drawn.min().item<double>(), 0);
  EXPECT_LT(drawn.max().item<double>(), 1);
  for (const double share : {0.1, 0.5, 0.9}) {
    // Four standard deviations of a share of 10,000.
    EXPECT_NEAR(drawn.lt(share).to(at::kDouble).mean().item<double>(), share, 0.02);
  }
  EXPECT_TRUE(drawn.equal(score("random", at::ones({100, 100}, at::kDouble))));
}

TEST(BnScale, IsTheSizeOfTheScaleBehindTheNeuron) {
  const Dataset data = gaussian_data({5, 5}, 3);
  Network network = network_for(data, "mlp:2,2?batchnorm=true");
  network.initializers.at("bn1.scale") = floats({-2, 0.5}, {2});
  network.initializers.at("bn2.scale") = floats({0, 3}, {2});
  const std::vector<at::Tensor> scores = measured_scores("bn-scale", network, data);
  expect_near(scores[0], Matrix(doubles({2, 2, 2, 0.5, 0.5, 0.5}, {2, 3})), 0);
  expect_near(scores[1], Matrix(doubles({0, 0, 3, 3}, {2, 2})), 0);
}

TEST(BnScale, IsRefusedWhereThereIsNoBatchNormalization) {
  const Dataset data = gaussian_data({5, 5}, 3);
  EXPECT_NE(input_error([&] {
              measured_scores("bn-scale", network_for(data, "mlp:2"), data);
            }).find("'fc1' is not followed by BatchNormalization"),
            std::string::npos);
}

TEST(Wanda, IsTheWeightTimesTheInputsRootMeanSquare) {
  LayerStatistics statistics;
  statistics.input_square_mean = doubles({4, 9}, {2});
  expect_near(score("wanda", doubles({2, -1, 0, 5}, {2, 2}), statistics),
              Matrix(doubles({4, 3, 0, 15}, {2, 2})), 1e-15);
}

TEST(Ria, IsTheShareOfRowAndColumnTimesTheRootOfTheInputsNorm) {
  LayerStatistics statistics;
  statistics.input_square_mean = doubles({16, 81}, {2});
  // |w| has the column sums 2, 4 and the row sums 4, 2; the inputs' norms 4 and 9 count as 2 and 3.
  expect_near(score("ria", doubles({1, -3, 1, 1}, {2, 2}), statistics),
              Matrix(doubles({2 * (1 / 2.0 + 1 / 4.0), 3 * (3 / 4.0 + 3 / 4.0),
                              2 * (1 / 2.0 + 1 / 2.0), 3 * (1 / 4.0 + 1 / 2.0)},
                             {2, 2})),
              1e-15);
}

}  // namespace
}  // namespace ncprune
