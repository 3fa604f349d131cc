#include <ATen/ops/equal.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "ncprune/prune/layer_update.h"
#include "ncprune/prune/prune.h"
#include "tests/matrix.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

// sum_c pi_c E_c[value] with pi_c ~ n_c^(1 - balance), one sample at a time.
Matrix mean_of(const Network& network, const std::string& value, const Dataset& data,
               double balance) {
  const Matrix x(value_of(network, data, value));
  const auto labels = elements<int64_t>(data.labels);
  std::vector<double> weights;
  double total = 0;
  for (const int64_t n : class_counts(data)) {
    weights.push_back(n == 0 ? 0 : std::pow(static_cast<double>(n), -balance));
    total += weights.back() * static_cast<double>(n);
  }
  Matrix mean(1, x.columns());
  for (int64_t i = 0; i < x.rows(); ++i) {
    const double weight = weights[static_cast<size_t>(labels[static_cast<size_t>(i)])] / total;
    for (int64_t j = 0; j < x.columns(); ++j) mean(0, j) += weight * x(i, j);
  }
  return mean;
}

at::Tensor output_mean(const Network& network, const Layer& layer, const Dataset& data,
                       double balance) {
  return measure_means({network, network}, {layer}, data, {.balance = balance}).front().target_mean;
}

TEST(BalancedMean, IsTheMeanOverClassesOfTheMeansOverSamples) {
  const Dataset data = gaussian_data({2100, 9, 0, 1}, 6);
  const Network network = network_for(data, "mlp:5");
  for (const double balance : {0.0, 0.5, 1.0}) {
    const Layer head = head_layer(network);
    const LayerMoments means =
        measure_means({network, network}, {head}, data, {.balance = balance}).front();
    expect_near(means.input_mean, mean_of(network, head.input, data, balance), 1e-6);
    expect_near(means.target_mean, mean_of(network, head.output, data, balance), 1e-6);
  }
}

Recipe recipe_of(const std::string& method, double balance) {
  Recipe recipe{.method = find_method(method), .share = 0.6};
  recipe.method.repair = "bias";
  recipe.metric.balance = balance;
  return recipe;
}

TEST(BiasCorrection, KeepsEveryMeanPreActivationAndMasksTheWeights) {
  const Dataset data = gaussian_data({90, 20, 0, 1}, 6);
  const Network dense = network_for(data, "mlp:10,7");
  for (const double balance : {0.0, 1.0}) {
    const Recipe recipe = recipe_of("magnitude-uniform", balance);
    const Network pruned = prune(dense, data, recipe).network;
    for (const Layer& layer : prunable_layers(dense)) {
      expect_near(output_mean(pruned, layer, data, balance),
                  mean_of(dense, layer.output, data, balance), 1e-5);
      const at::Tensor weight = weight_of(pruned, layer);
      EXPECT_TRUE(at::equal(weight, weight_of(dense, layer) * weight.ne(0)));
      EXPECT_FALSE(at::equal(bias_of(pruned, layer), bias_of(dense, layer)));
    }
  }
}

TEST(BiasCorrection, LeavesALayerWithoutABiasMasked) {
  const Dataset data = gaussian_data({90, 20}, 6);
  const Network dense = network_for(data, "mlp:10,7?bias=false");
  Recipe recipe = recipe_of("magnitude-uniform", 1);
  const Network corrected = prune(dense, data, recipe).network;
  recipe.method.repair = "none";
  const Network masked = prune(dense, data, recipe).network;
  for (const auto& [name, tensor] : masked.initializers) {
    EXPECT_TRUE(at::equal(tensor, corrected.initializers.at(name))) << name;
  }
}

TEST(BiasCorrection, MakesUpForRemovedUnits) {
  const Dataset data = gaussian_data({90, 20, 3}, 6);
  const Network dense = network_for(data, "mlp:10,7");
  Recipe recipe = recipe_of("l1-norm", 1);
  recipe.remove = "units";
  const Pruned pruned = prune(dense, data, recipe);
  // Of the layers that read from the removed units: fc2's own removed units are zero, and the head.
  const Layer head = head_layer(dense);
  expect_near(output_mean(pruned.network, head_layer(pruned.network), data, 1),
              mean_of(dense, head.output, data, 1), 1e-5);
  EXPECT_EQ(weight_of(pruned.network, head_layer(pruned.network)).size(1), 3);
}

}  // namespace
}  // namespace ncprune
