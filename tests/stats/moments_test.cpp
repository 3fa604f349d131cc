#include "ncprune/stats/moments.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/linalg_eigvalsh.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>

#include "ncprune/base/error.h"
#include "ncprune/data/noise.h"
#include "tests/naive_moments.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

// Products are taken in float, in batches.
constexpr double kTolerance = 1e-5;

LayerSamples layer_samples(const NetworkPair& pair, const Layer& layer, const Dataset& data) {
  const auto labels = elements<int64_t>(data.labels);
  return {Matrix(value_of(pair.pruned, data, layer.input)),
          Matrix(value_of(pair.dense, data, layer.output)),
          {labels.begin(), labels.end()},
          data.num_classes(),
          !layer.bias.empty()};
}

void expect_naive(const NetworkPair& pair, const Dataset& data, const MetricOptions& options) {
  const std::vector<Layer> layers = linear_layers(pair.dense);
  const std::vector<LayerMoments> all = measure_moments(pair, layers, data, options);
  for (size_t l = 0; l < layers.size(); ++l) {
    SCOPED_TRACE(layers[l].name);
    const NaiveMoments naive = naive_moments(layer_samples(pair, layers[l], data), options);
    expect_near(all[l].metric, naive.metric, kTolerance);
    expect_near(all[l].cross, naive.cross, kTolerance);
    expect_near(all[l].input_mean, naive.input_mean, kTolerance);
    expect_near(all[l].target_mean, naive.target_mean, kTolerance);
    expect_near(all[l].class_means, naive.class_means, kTolerance);
    EXPECT_TRUE(at::allclose(all[l].metric, all[l].metric.t(), 0, kTolerance));
  }
}

// One sample in all, one of a class, an absent class, and more than a batch (2048) that it does not
// divide.
const std::vector<std::vector<int64_t>> kSizes{
    {1}, {1, 1, 1}, {5, 0, 2}, {1, 7, 20}, {1800, 1, 699}};

TEST(MeasureMoments, OfConstantFeaturesAreStillPositiveDefinite) {
  const Dataset data = gaussian_data({700, 300}, 3);
  Network network = network_for(data, "mlp:6,8");
  network.initializers.at("fc2.weight").zero_();  // relu(bias) is all that is left
  network.initializers.at("fc2.bias") =
      at::tensor({0.31F, 0.07F, 1.9F, 0.53F, 0.29F, 0.77F, 0.11F, 0.6F});
  for (const double kappa : {0.0, 1.0}) {
    const LayerMoments moments =
        measure_moments({network, network}, {head_layer(network)}, data, {.kappa = kappa}).front();
    EXPECT_GT(at::linalg_eigvalsh(moments.metric).min().item<double>(), 0);
  }
}

TEST(MeasureMoments, AgreesWithTheFormulasSampleBySample) {
  for (const std::vector<int64_t>& counts : kSizes) {
    const Dataset data = gaussian_data(counts, 3);
    for (const bool bias : {false, true}) {
      const Network dense = network_for(data, bias ? "mlp:4" : "mlp:4?bias=false");
      for (const double kappa : {0.0, 1.0, 3.0}) {
        for (const double balance : {0.0, 0.5, 1.0}) {
          for (const double shrinkage : {0.0, 20.0}) {
            SCOPED_TRACE(testing::Message()
                         << data.size() << " samples, bias " << bias << ", kappa " << kappa
                         << ", balance " << balance << ", shrinkage " << shrinkage);
            expect_naive(
                {dense, dense}, data,
                {.kappa = kappa, .balance = balance, .shrinkage = shrinkage, .damping = 0});
          }
        }
      }
    }
  }
}

TEST(MeasureMoments, TakesInputsOfThePrunedAndTargetsOfTheDenseNetwork) {
  for (const std::vector<int64_t>& counts : kSizes) {
    const Dataset data = gaussian_data(counts, 3);
    for (const std::string spec : {"mlp:4,5", "mlp:4,5?bias=false"}) {
      SCOPED_TRACE(testing::Message() << data.size() << " samples, " << spec);
      const Network dense = network_for(data, spec);
      Network pruned = dense;  // shares all but the first weight
      const Layer first = linear_layers(dense).front();
      set_weight(pruned, first, normal({4, 3}, 5));
      expect_naive({dense, pruned}, data, {});
    }
  }
}

TEST(MeasureMoments, WeighTheUndecidedSamplesOfAClassByTheMargin) {
  for (const std::vector<int64_t>& counts : kSizes) {
    const Dataset data = gaussian_data(counts, 3);
    const Network dense = network_for(data, "mlp:4,5");
    Network pruned = dense;
    const std::vector<Layer> layers = linear_layers(dense);
    set_weight(pruned, layers.front(), normal({4, 3}, 5));
    for (const double margin : {0.4, 1.0}) {
      SCOPED_TRACE(testing::Message() << data.size() << " samples, margin " << margin);
      // (1 - margin) + margin u_i / mean_c(u), u_i = 1 - sum_k p_ik^2 of the dense network.
      const Matrix scores(logits(dense, data.inputs));
      std::vector<double> undecided;
      std::vector<double> mean(counts.size());
      const auto labels = elements<int64_t>(data.labels);
      for (int64_t i = 0; i < data.size(); ++i) {
        double total = 0;
        double squares = 0;
        for (int64_t c = 0; c < scores.columns(); ++c) total += std::exp(scores(i, c));
        for (int64_t c = 0; c < scores.columns(); ++c) {
          squares += std::pow(std::exp(scores(i, c)) / total, 2);
        }
        // A single class is never undecided: its samples weigh alike.
        undecided.push_back(scores.columns() == 1 ? 1 : 1 - squares);
        const auto c = static_cast<size_t>(labels[static_cast<size_t>(i)]);
        mean[c] += undecided.back() / static_cast<double>(counts[c]);
      }
      for (size_t i = 0; i < undecided.size(); ++i) {
        undecided[i] = 1 - margin + margin * undecided[i] / mean[static_cast<size_t>(labels[i])];
      }
      const MetricOptions options{.margin = margin};
      const std::vector<LayerMoments> all = measure_moments({dense, pruned}, layers, data, options);
      for (size_t l = 0; l < layers.size(); ++l) {
        LayerSamples samples = layer_samples({dense, pruned}, layers[l], data);
        samples.factors = undecided;
        const NaiveMoments naive = naive_moments(samples, options);
        expect_near(all[l].metric, naive.metric, 2 * kTolerance);
        expect_near(all[l].cross, naive.cross, 2 * kTolerance);
        expect_near(all[l].input_mean, naive.input_mean, 2 * kTolerance);
        expect_near(all[l].target_mean, naive.target_mean, 2 * kTolerance);
      }
    }
  }
}

TEST(MeasureMoments, TakeNoisyInputsAndCleanTargets) {
  for (const std::vector<int64_t>& counts : kSizes) {
    const Dataset data = gaussian_data(counts, 3);
    const Network network = network_for(data, "mlp:4");
    const std::vector<Layer> layers = linear_layers(network);
    const MetricOptions options{.noise = 0.3};
    const Dataset noisy = with_gaussian_noise(data, 0.3, 0);
    const std::vector<LayerMoments> all =
        measure_moments({network, network}, layers, data, options);
    for (size_t l = 0; l < layers.size(); ++l) {
      LayerSamples samples = layer_samples({network, network}, layers[l], data);
      samples.inputs = Matrix(value_of(network, noisy, layers[l].input));
      const NaiveMoments naive = naive_moments(samples, options);
      expect_near(all[l].metric, naive.metric, kTolerance);
      expect_near(all[l].cross, naive.cross, kTolerance);
      expect_near(all[l].input_mean, naive.input_mean, kTolerance);
      expect_near(all[l].target_mean, naive.target_mean, kTolerance);
    }
  }
}

TEST(MeasureMoments, CrossIsWeightTimesMetricWhileNothingBeforeTheLayerChanged) {
  const Dataset data = gaussian_data({30, 5, 1}, 4);
  const Network dense = network_for(data, "mlp:6,5");
  Network pruned = dense;
  const std::vector<Layer> layers = linear_layers(dense);
  set_weight(pruned, layers[1], normal({5, 6}, 5));
  const std::vector<LayerMoments> moments = measure_moments({dense, pruned}, layers, data, {});
  for (size_t l = 0; l < 2; ++l) {
    const at::Tensor weight = weight_of(dense, layers[l]).to(at::kDouble);
    EXPECT_TRUE(at::equal(moments[l].cross, at::matmul(weight, moments[l].metric)));
  }
  const at::Tensor head = weight_of(dense, layers[2]).to(at::kDouble);
  EXPECT_FALSE(at::allclose(moments[2].cross, at::matmul(head, moments[2].metric), 1e-2));
}

TEST(MeasureMoments, ClassWithOneSampleHasTheScatterOfThePool) {
  const Dataset pool = gaussian_data({40}, 3);
  Dataset with_rare = gaussian_data({40, 1}, 3);
  with_rare.inputs.slice(0, 0, 40).copy_(pool.inputs);
  const Network network = network_for(with_rare, "mlp:4");
  const std::vector<Layer> layers{linear_layers(network).front()};
  const MetricOptions scatter_only{.kappa = 0, .shrinkage = 0};
  const auto metric = [&](const Dataset& data) {
    return measure_moments({network, network}, layers, data, scatter_only).front().metric;
  };
  // The pool averages over all 41 samples, of which one is its own mean.
  expect_near(metric(with_rare), Matrix(metric(pool) * (1 + 40.0 / 41) / 2), kTolerance);
}

TEST(MeasureMoments, ApproachTheTruthOnGaussianClasses) {
  const GaussianClasses law =
      gaussian_classes({.classes = 4, .features = 3, .spread = 2, .noise = 1.5}, Random(1));
  const Dataset data = sample(law, {9000, 4000, 400, 1500}, Random(2));
  const Network network = network_for(data, "mlp:2");
  const at::Tensor metric =
      measure_moments({network, network}, {linear_layers(network).front()}, data, {.kappa = 3})
          .front()
          .metric;
  const at::Tensor offsets = law.means - law.means.mean(0, true);
  const at::Tensor truth = law.covariance + 3 * at::matmul(offsets.t(), offsets) / 4;
  // The class with 400 samples, a quarter of the weight, is the least certain: its mean is off by
  // 1.5 / 20 at one sigma, against offsets of about 2, tripled by kappa.
  expect_near(metric, Matrix(truth), 0.05);
}

TEST(MeasureMoments, KeepTheirDigitsFarFromTheOrigin) {
  Dataset data = gaussian_data({300, 40, 5}, 3);
  data.inputs += 100;
  const Network network = network_for(data, "mlp:4");
  const std::vector<Layer> layers{linear_layers(network).front()};
  const NetworkPair pair{network, network};
  const MetricOptions options{.kappa = 3};
  const NaiveMoments naive = naive_moments(layer_samples(pair, layers.front(), data), options);
  // The allowance for the rounding of float products is 4e-7 of the trace of E[x x^T], here 3 *
  // 100^2.
  expect_near(measure_moments(pair, layers, data, options).front().metric, naive.metric, 3e-3);
}

TEST(ClassWeights, GoFromSamplesToClassesAndLeaveAbsentOnesOut) {
  EXPECT_EQ(class_weights({6, 0, 2}, 0), (std::vector<double>{0.75, 0, 0.25}));
  EXPECT_EQ(class_weights({6, 0, 2}, 1), (std::vector<double>{0.5, 0, 0.5}));
  const std::vector<double> between = class_weights({9, 1}, 0.5);
  EXPECT_NEAR(between[0], 0.75, 1e-15);
  EXPECT_NEAR(between[1], 0.25, 1e-15);
  EXPECT_THROW(class_weights({0, 0}, 1), InputError);
}

TEST(Damped, AddsAShareOfTheMeanDiagonalAndMakesZerosTheIdentity) {
  const at::Tensor metric = doubles({1, 2, 2, 7}, {2, 2});
  expect_near(damped(metric, 0.5), Matrix(doubles({3, 2, 2, 9}, {2, 2})), 1e-15);
  EXPECT_TRUE(damped(metric, 0).equal(metric));
  EXPECT_EQ(metric[0][0].item<double>(), 1) << "the argument is left alone";
  EXPECT_TRUE(damped(metric * 0, 0.01).equal(at::eye(2, at::kDouble)));
}

}  // namespace
}  // namespace ncprune
