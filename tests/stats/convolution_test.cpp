// Statistics of convolutions against the definitions they share with fully connected layers.
#include <ATen/ops/allclose.h>
#include <ATen/ops/cat.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "ncprune/model/rows.h"
#include "ncprune/stats/gradients.h"
#include "ncprune/stats/pass.h"
#include "ncprune/stats/sampling.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

// Gaussian classes folded into images.
Dataset images(const std::vector<int64_t>& counts, const std::vector<int64_t>& shape) {
  Dataset data = gaussian_data(counts, c10::multiply_integers(shape));
  std::vector<int64_t> whole{data.size()};
  whole.insert(whole.end(), shape.begin(), shape.end());
  data.inputs = data.inputs.view(whole);
  return data;
}

void expect_close(const at::Tensor& found, const at::Tensor& wanted, double tolerance) {
  ASSERT_EQ(found.sizes(), wanted.sizes());
  const double scale = wanted.abs().max().item<double>();
  EXPECT_LE((found - wanted).abs().max().item<double>(), tolerance * scale);
}

TEST(Convolution, OfKernelOneMeasuresEveryPositionAsASample) {
  // Conv [5, 3, 1, 1] over 2 x 4 positions, and the Gemm that does the same to 8 times the samples.
  const Dataset data = images({9, 4, 2}, {3, 2, 4});
  const at::Tensor weight = normal({5, 3}, 7).to(at::kFloat);
  const at::Tensor head = normal({3, 40}, 8).to(at::kFloat);
  Network conv;
  conv.input = {"input", {-1, 3, 2, 4}};
  conv.output = {"logits", {-1, 3}};
  conv.initializers = {{"w", weight.view({5, 3, 1, 1})}, {"head", head}};
  conv.nodes = {{"Conv", "conv", {"input", "w"}, {"z"}, {}},
                {"Flatten", "", {"z"}, {"flat"}, {}},
                {"Gemm", "head", {"flat", "head"}, {"logits"}, {{"transB", int64_t{1}}}}};

  Dataset rows = data;
  rows.inputs = data.inputs.flatten(2).transpose(1, 2).reshape({-1, 3});
  rows.labels = data.labels.repeat_interleave(8);
  Network gemm;
  gemm.input = {"input", {-1, 3}};
  gemm.output = {"logits", {-1, 3}};
  gemm.initializers = {{"w", weight}, {"head", normal({3, 5}, 9).to(at::kFloat)}};
  gemm.nodes = {{"Gemm", "fc", {"input", "w"}, {"z"}, {{"transB", int64_t{1}}}},
                {"Gemm", "head", {"z", "head"}, {"logits"}, {{"transB", int64_t{1}}}}};

  const MetricOptions metric{.kappa = 2, .balance = 0.5, .shrinkage = 0};
  // pi_c goes by the counts, whose ratios are the same.
  const StatisticsQuery query{{Statistic::kMetric, Statistic::kSecondMoment,
                               Statistic::kInputSquareMean, Statistic::kScatterCovariance},
                              metric};
  const LayerStatistics a = measure_statistics(conv, prunable_layers(conv), data, query).front();
  const LayerStatistics b = measure_statistics(gemm, prunable_layers(gemm), rows, query).front();
  expect_close(a.moments.metric, b.moments.metric, 1e-6);
  expect_close(a.moments.cross, b.moments.cross, 1e-6);
  expect_close(a.moments.class_means, b.moments.class_means, 1e-6);
  expect_close(a.second_moment, b.second_moment, 1e-6);
  expect_close(a.input_square_mean, b.input_square_mean, 1e-6);
  expect_close(a.scatter_covariance * 8, b.scatter_covariance, 1e-5);
}

TEST(Convolution, CrossMomentsOfAPrunedNetworkAreThoseOfTheDenseOutput) {
  const Dataset data = images({9, 4}, {2, 5, 5});
  const Network dense = network_for(data, "cnn:3,4");
  const std::vector<Layer> layers = prunable_layers(dense);
  Network pruned = dense;
  set_weight(pruned, layers[0], weight_of(dense, layers[0]) * normal({3, 18}, 2).gt(0));
  const MetricOptions metric{.kappa = 1, .balance = 0, .shrinkage = 0};
  const LayerMoments found = measure_moments({dense, pruned}, {layers[1]}, data, metric).front();
  // kappa 1 and balance 0 make the covariance, BatchNormalization takes up the means; the map is
  // 2 x 2 positions.
  const RowChoice all = every_row(layers[1], value_of(dense, data, layers[1].input), data.size());
  EXPECT_LE(all.per_sample, kRowsPerSample);
  const at::Tensor x =
      input_rows(layers[1], value_of(pruned, data, layers[1].input), all).to(at::kDouble);
  const at::Tensor z =
      output_rows(layers[1], value_of(dense, data, layers[1].output), all).to(at::kDouble);
  const auto n = static_cast<double>(x.size(0));
  const at::Tensor centred = x - x.mean(0);
  expect_close(found.metric, centred.t().matmul(centred) / n, 1e-5);
  expect_close(found.cross, (z - z.mean(0)).t().matmul(centred) / n, 1e-5);
  expect_close(found.input_mean, x.mean(0), 1e-5);
  expect_close(found.target_mean, z.mean(0), 1e-5);
}

TEST(EnoughSamples, AreSoManyThatEveryLayerHasItsRows) {
  const Dataset data = images({4, 4}, {2, 16, 16});
  const auto enough = [](const Network& network, const Layer& layer) {
    return enough_per_class(network, {layer}, 2).front();
  };
  const Network mlp = network_for(data, "mlp:6");
  for (const Layer& layer : linear_layers(mlp)) EXPECT_EQ(enough(mlp, layer), kRowsPerClass);
  // Maps of 16 x 16 and 8 x 8 positions, of which 32 are read, and a head of one row.
  const Network cnn = network_for(data, "cnn:3,5");
  for (const Layer& layer : linear_layers(cnn)) EXPECT_EQ(enough(cnn, layer), kRowsPerClass / 32);
  // More inputs than those samples tell apart.
  const Network wide = network_for(data, "cnn:3,1000");
  EXPECT_EQ(enough(wide, head_layer(wide)), 8 * 1000 / 2);
  EXPECT_EQ(enough(wide, linear_layers(wide)[1]), kRowsPerClass / 32);
}

TEST(Convolution, GradientsAreTheSumsOverAllPositionsOfEverySample) {
  const Dataset data = images({7, 3, 1}, {2, 9, 9});
  const Network network = network_for(data, "cnn:3,5");
  const std::vector<Layer> layers = prunable_layers(network);
  const std::vector<LayerStatistics> found = measure_gradients(
      network, layers, data,
      {Statistic::kGradient, Statistic::kFisher, Statistic::kClassFisher, Statistic::kClassTaylor});
  for (size_t l = 0; l < layers.size(); ++l) {
    SCOPED_TRACE(layers[l].name);
    Network leaves = network;
    const at::Tensor leaf =
        network.initializers.at(layers[l].weight).detach().clone().requires_grad_(true);
    leaves.initializers[layers[l].weight] = leaf;
    std::vector<at::Tensor> each;  // gradient of every sample's own loss
    for (int64_t i = 0; i < data.size(); ++i) {
      const at::Tensor logits =
          run(leaves, prepare_inputs(leaves, data.inputs.slice(0, i, i + 1)), {"logits"}).front();
      const at::Tensor loss = -logits.log_softmax(1)[0][data.labels[i].item<int64_t>()];
      each.push_back(
          as_matrix(layers[l], torch::autograd::grad({loss}, {leaf}).front()).unsqueeze(0));
    }
    const at::Tensor all = at::cat(each).to(at::kDouble);
    expect_close(found[l].gradient, all.mean(0), 1e-4);
    expect_close(found[l].fisher, all.square().mean(0), 1e-4);
    const at::Tensor taylor = (all * weight_of(network, layers[l])).sum(2);
    for (int64_t c = 0; c < 3; ++c) {
      const at::Tensor own = class_indices(data, c);
      expect_close(found[l].class_fisher[c], all.index_select(0, own).square().mean(0), 1e-4);
      expect_close(found[l].class_taylor[c], taylor.index_select(0, own).mean(0), 1e-4);
    }
  }
}

}  // namespace
}  // namespace ncprune
