#include "ncprune/prune/prune.h"

#include <ATen/ops/equal.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>

#include "ncprune/base/lookup.h"
#include "ncprune/criteria/criterion.h"
#include "ncprune/prune/allocation.h"
#include "ncprune/prune/head.h"
#include "ncprune/prune/layer_update.h"
#include "ncprune/prune/sparsity.h"
#include "tests/data/input_error.h"
#include "tests/naive_moments.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

Method method(const std::string& name) {
  return find_method(name);
}

Network pruned_by(const Method& parts, double sparsity, const Network& dense, const Dataset& data) {
  return prune(dense, data, {.method = parts, .share = sparsity}).network;
}

TEST(UpdateLayer, DisplacesNoMeanWhereThereIsABias) {
  const Dataset data = gaussian_data({50, 10, 1}, 6);
  const Network dense = network_for(data, "mlp:8,5");
  const std::vector<Layer> layers = prunable_layers(dense);
  Network pruned = dense;
  set_weight(pruned, layers[0], weight_of(dense, layers[0]) * normal({8, 6}, 1).gt(0));
  const LayerMoments moments = measure_moments({dense, pruned}, {layers[1]}, data, {}).front();
  update_layer(pruned, layers[1], {moments, normal({5, 8}, 2).gt(0.5), 0.01});
  // Averaged over classes, as the metric is.
  const at::Tensor moved =
      (value_of(pruned, data, layers[1].output) - value_of(dense, data, layers[1].output))
          .to(at::kDouble);
  at::Tensor mean = at::zeros({5}, at::kDouble);
  for (int64_t c = 0; c < 3; ++c) mean += moved.index_select(0, class_indices(data, c)).mean(0) / 3;
  expect_near(mean, Matrix(1, 5), 1e-5);
  EXPECT_GT(moved.abs().mean().item<double>(), 1e-3);
}

TEST(TreatHead, RealignIsTheLinearDiscriminantOfTheLastFeatures) {
  const Dataset data = gaussian_data({80, 15, 1}, 6);
  for (const std::string spec : {"mlp:5", "mlp:5?bias=false"}) {
    SCOPED_TRACE(spec);
    const Network dense = network_for(data, spec);
    const Layer head = head_layer(dense);
    const MetricOptions options{.kappa = 3, .balance = 1, .shrinkage = 10, .damping = 0.02};
    const Network treated = treat_head({dense, dense}, "realign", data, options);

    MetricOptions scatter = options;
    scatter.kappa = 0;
    const auto labels = elements<int64_t>(data.labels);
    const Matrix features(value_of(dense, data, head.input));
    const NaiveMoments naive =
        naive_moments({features, features, {labels.begin(), labels.end()}, 3, true}, scatter);
    Matrix within = naive.metric;
    double trace = 0;
    for (int64_t j = 0; j < 5; ++j) trace += within(j, j);
    for (int64_t j = 0; j < 5; ++j) within(j, j) += 0.02 * trace / 5;
    Matrix weight(3, 5);
    Matrix bias(1, 3);
    for (int64_t c = 0; c < 3; ++c) {
      std::vector<double> mean;
      for (int64_t j = 0; j < 5; ++j) mean.push_back(naive.class_means(c, j));
      const std::vector<double> w = solve(within, mean);
      for (int64_t j = 0; j < 5; ++j) {
        weight(c, j) = w[static_cast<size_t>(j)];
        bias(0, c) -= weight(c, j) * naive.class_means(c, j) / 2;
      }
    }
    const Layer new_head = head_layer(treated);
    expect_near(weight_of(treated, new_head), weight, 1e-3);
    expect_near(bias_of(treated, new_head), bias, 1e-3);
  }
}

TEST(TreatHead, KeepAndRefitLeaveADenseNetworkAsItWas) {
  const Dataset data = gaussian_data({60, 20, 2}, 6);
  for (const std::string spec : {"mlp:12", "mlp:12?bias=false"}) {
    const Network dense = network_for(data, spec);
    const at::Tensor before = logits(dense, data.inputs);
    EXPECT_TRUE(before.equal(logits(treat_head({dense, dense}, "keep", data, {}), data.inputs)));
    expect_near(logits(treat_head({dense, dense}, "refit", data, {}), data.inputs), Matrix(before),
                1e-3);
  }
}

TEST(TreatHead, RefusesUnknownNamesAndRealigningAnAbsentClass) {
  const Dataset data = gaussian_data({10, 0, 5}, 4);
  const Network dense = network_for(data, "mlp:3");
  EXPECT_EQ(input_error([&] {
              treat_head({dense, dense}, "train", data, {});
            }),
            "unknown head treatment 'train'; known: keep, realign, refit");
  EXPECT_NE(input_error([&] {
              treat_head({dense, dense}, "realign", data, {});
            }).find("'1'"),
            std::string::npos);
}

// E ||(V - W) x||_g^2 of the first layer: an average over classes of averages over samples, each
// unit weighted by what the scores make of it.
double balanced_error(const Network& dense, const Network& pruned, const Dataset& data) {
  const Layer layer = prunable_layers(dense).front();
  const at::Tensor units = output_weights(dense, {layer}, data, 1).front();
  const at::Tensor error =
      at::matmul((value_of(pruned, data, layer.output) - value_of(dense, data, layer.output))
                     .to(at::kDouble)
                     .square(),
                 units);
  double sum = 0;
  for (int64_t c = 0; c < data.num_classes(); ++c) {
    sum += error.index_select(0, class_indices(data, c)).mean().item<double>();
  }
  return sum / static_cast<double>(data.num_classes());
}

TEST(Prune, SurgeonsLayersAreNearerToTheDenseThanRepairedMagnitudes) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    const Dataset data = gaussian_data({400, 300, 20, 4}, 16, seed);
    const Network dense = network_for(data, "mlp:24,16", seed + 9);
    Method surgeon = method("surgeon");
    surgeon.allocation = "uniform";  // as many weights in each layer for both
    surgeon.sweeps = 1;              // the layer alone, whatever reads it
    surgeon.finish = "keep";
    Method magnitude = method("magnitude-uniform");
    magnitude.repair = "least-squares";
    for (const double sparsity : {0.5, 0.8, 0.95}) {
      EXPECT_LE(balanced_error(dense, pruned_by(surgeon, sparsity, dense, data), data),
                balanced_error(dense, pruned_by(magnitude, sparsity, dense, data), data))
          << "seed " << seed << " at " << sparsity;
    }
  }
}

TEST(Prune, RepairLowersTheErrorOfEveryCriterion) {
  const Dataset data = gaussian_data({400, 300, 20, 4}, 16);
  const Network dense = network_for(data, "mlp:24,16?batchnorm=true");
  for (const Criterion& criterion : criteria()) {
    Method parts = method("magnitude-uniform");
    parts.criterion = criterion.name;
    if (criterion.whole_neurons) parts.pattern = "neuron";
    const double masked = balanced_error(dense, pruned_by(parts, 0.7, dense, data), data);
    parts.repair = "least-squares";
    const double repaired = balanced_error(dense, pruned_by(parts, 0.7, dense, data), data);
    EXPECT_LT(repaired, masked) << criterion.name;
  }
}

TEST(Prune, ACalibrationSharedWithOtherMethodsChangesNoMethod) {
  const Dataset data = gaussian_data({60, 20, 8}, 6);
  const Network dense = network_for(data, "mlp:12,9");
  std::vector<Method> together;
  for (const Method& m : methods()) {
    if (m.criterion != "bn-scale") together.push_back(m);  // wants BatchNormalization
  }
  std::vector<Recipe> recipes;
  for (const Method& m : together) recipes.push_back({.method = m, .share = 0.6});
  Calibration shared(dense, data);
  shared.measure(recipes);
  for (const Recipe& recipe : recipes) {
    SCOPED_TRACE(recipe.method.name);
    const Network beside = prune(shared, recipe).network;
    const Network alone = prune(dense, data, recipe).network;
    for (const auto& [name, tensor] : alone.initializers) {
      EXPECT_TRUE(at::equal(beside.initializers.at(name), tensor)) << name;
    }
  }
}

TEST(Prune, RefusesWhatDoesNotExistAndListsWhatDoes) {
  const auto refusal = [](Recipe recipe) { return input_error([&] { require_valid(recipe); }); };
  const Recipe good{.method = method("surgeon")};
  EXPECT_NO_THROW(require_valid(good));
  for (const double sparsity : {1.0, -0.1, std::numeric_limits<double>::quiet_NaN()}) {
    Recipe bad = good;
    bad.share = sparsity;
    EXPECT_NE(refusal(bad).find("is outside [0, 1)"), std::string::npos);
  }
  Recipe head = good;
  head.head = "magic";
  EXPECT_EQ(refusal(head), "unknown head treatment 'magic'; known: keep, realign, refit");
  struct Part {
    std::string Method::*field;
    std::string kind, known;
  };
  for (const Part& part : {Part{&Method::criterion, "criterion", "nc-obs"},
                           Part{&Method::allocation, "allocation", "erk, global"},
                           Part{&Method::pattern, "pattern", "block:RxC, layer, N:M, neuron, row"},
                           Part{&Method::solver, "solver", "admm, merge, obc, score"},
                           Part{&Method::search_metric, "metric", "neural-collapse, plain"},
                           Part{&Method::repair, "repair", "bias, gram, least-squares"}}) {
    Recipe bad = good;
    bad.method.*part.field = "magic";
    const std::string message = refusal(bad);
    EXPECT_EQ(message.rfind("unknown " + part.kind + " 'magic'; known: ", 0), 0U) << message;
    EXPECT_NE(message.find(part.known), std::string::npos) << message;
  }
}

TEST(Prune, TakesTheShareOfAPatternThatFixesItWhereNoneIsGiven) {
  Recipe recipe{.method = method("wanda")};
  EXPECT_EQ(share_of(recipe), kUsualShare);
  recipe.method.pattern = "1:4";
  EXPECT_NO_THROW(require_valid(recipe));
  EXPECT_EQ(share_of(recipe), 0.75);
  recipe.share = 0.5;
  EXPECT_EQ(input_error([&] { require_valid(recipe); }),
            "pattern 1:4 removes 0.75 of the weights; the sparsity cannot be 0.5");
}

TEST(Prune, WritesItsRecipeIntoTheNetwork) {
  const Dataset data = gaussian_data({20, 20}, 4);
  const Network dense = network_for(data, "mlp:6,5?batchnorm=true");
  for (const std::string remove : {"weights", "units", "parameters", "macs"}) {
    const Recipe recipe{.method = method("surgeon"), .remove = remove, .share = 0.4, .seed = 7};
    const Network pruned = prune(dense, data, recipe).network;
    const Json written = Json::parse(pruned.metadata.other.at(kRecipeEntry));
    EXPECT_EQ(written, recipe_json(resolved(recipe, dense, data)));
    const Network again = prune(dense, data, read_recipe(written, "metadata")).network;
    for (const auto& [name, tensor] : pruned.initializers) {
      EXPECT_TRUE(at::equal(again.initializers.at(name), tensor)) << remove << " " << name;
    }
  }
}

TEST(Prune, ACalibrationThatCouldNotBeMeasuredServesOtherRecipes) {
  const Dataset data = gaussian_data({20, 20}, 4);
  Calibration calibration(network_for(data, "mlp:6,5"), data);
  const auto refusal = [&] { prune(calibration, {.method = method("slimming")}); };
  EXPECT_NE(input_error(refusal).find("not followed by BatchNormalization"), std::string::npos);
  EXPECT_NE(input_error(refusal).find("not followed by BatchNormalization"), std::string::npos);
  EXPECT_NO_THROW(prune(calibration, {.method = method("magnitude")}));
}

TEST(Prune, RefusesMetricsOutOfRange) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  for (const MetricOptions& metric :
       {MetricOptions{.kappa = -1}, MetricOptions{.kappa = kNan}, MetricOptions{.balance = 1.1},
        MetricOptions{.balance = -0.1}, MetricOptions{.shrinkage = -1},
        MetricOptions{.damping = -1}, MetricOptions{.damping = kNan}}) {
    const Recipe recipe{.method = method("surgeon"), .metric = metric};
    EXPECT_NE(input_error([&] { require_valid(recipe); }).find("is outside [0, "),
              std::string::npos);
  }
}

TEST(Prune, RefusesPartsThatDoNotGoTogether) {
  Recipe recipe{.method = method("neuron-norm")};
  recipe.method.pattern = "layer";
  EXPECT_EQ(input_error([&] { require_valid(recipe); }),
            "criterion 'l2-norm' scores whole neurons: it needs the pattern neuron");
}

TEST(Prune, RefusesSweepsThatWouldChangeNothing) {
  const auto refusal = [](const std::string& name, const std::function<void(Recipe&)>& change) {
    Recipe recipe{.method = method(name)};
    recipe.method.sweeps = 2;
    change(recipe);
    return input_error([&] { require_valid(recipe); });
  };
  EXPECT_EQ(refusal("magnitude", [](Recipe&) {}),
            "2 sweeps of method 'magnitude': solver score does not search; wanted 1");
  EXPECT_EQ(refusal("alps", [](Recipe&) {}),
            "2 sweeps of method 'alps': repair own takes a search's weights alone; wanted 1");
  EXPECT_EQ(refusal("surgeon", [](Recipe& r) { r.method.pattern = "2:4"; }),
            "2 sweeps of method 'surgeon': pattern 2:4 fixes where weights lie; wanted 1");
  EXPECT_EQ(refusal("surgeon", [](Recipe& r) { r.remove = "units"; }),
            "2 sweeps of method 'surgeon': units are removed in one; wanted 1");
  EXPECT_EQ(refusal("surgeon", [](Recipe& r) { r.method.sweeps = 0; }), "0 sweeps; wanted 1 to 10");
}

// The counts for layers whose weights are stored in those shapes.
std::vector<int64_t> counts_of(const std::string& allocation,
                               const std::vector<std::vector<int64_t>>& shapes, int64_t keep) {
  std::vector<LayerScores> layers;
  for (const std::vector<int64_t>& shape : shapes) {
    layers.push_back({at::zeros(shape, at::kDouble).flatten(1),
                      std::accumulate(shape.begin(), shape.end(), int64_t{0})});
  }
  return find_named(allocations(), allocation, "allocation").kept(layers, keep);
}

TEST(Allocation, ErkGoesByTheSumOfTheSidesAndFillsASmallLayerFirst) {
  // Sides 4 + 4 = 8 and 10 + 30 = 40.
  EXPECT_EQ(counts_of("erk", {{4, 4}, {10, 30}}, 24), (std::vector<int64_t>{4, 20}));
  // 8 / 48 of 150 would be 25 of 16: all 16, and the other layer gets the rest.
  EXPECT_EQ(counts_of("erk", {{4, 4}, {10, 30}}, 150), (std::vector<int64_t>{16, 134}));
  EXPECT_EQ(counts_of("erk", {{4, 4}, {10, 30}}, 316), (std::vector<int64_t>{16, 300}));
  // The kernel of a convolution counts too: 4 + 2 + 3 + 3 = 12 to 12 + 12.
  EXPECT_EQ(counts_of("erk", {{4, 2, 3, 3}, {12, 12}}, 36), (std::vector<int64_t>{12, 24}));
}

TEST(Allocation, AGlobalRankingCanEmptyALayer) {
  const std::vector<LayerScores> layers{
      {doubles({11, 12, 13, 14, 15, 16, 17, 18, 19, 20}, {2, 5}), 7},
      {doubles({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, {2, 5}), 7}};
  const auto kept = [&](const std::string& name) {
    return find_named(allocations(), name, "allocation").kept(layers, 10);
  };
  EXPECT_EQ(kept("global"), (std::vector<int64_t>{10, 0}));
  EXPECT_EQ(kept("uniform"), (std::vector<int64_t>{5, 5}));
}

TEST(Prune, WhatIsZeroGoesBeforeWhatScoresZero) {
  const Dataset data = gaussian_data({20, 20}, 4);
  Network network = network_for(data, "mlp:3,2");
  // The second unit's weights score zero, for nothing reads it; one weight of the third is zero.
  network.initializers.at("fc2.weight").select(1, 1).zero_();
  network.initializers.at("fc1.weight")[2][1] = 0;
  const Recipe recipe{.method = find_method("snip")};
  Calibration calibration(network, data);
  const at::Tensor scores = calibration.scores(recipe).front();
  EXPECT_EQ(scores[1].abs().max().item<double>(), 0);
  EXPECT_LT(scores[2][1].item<double>(), 0);
  EXPECT_EQ(scores.lt(0).sum().item<int64_t>(), 1);
}

}  // namespace
}  // namespace ncprune
