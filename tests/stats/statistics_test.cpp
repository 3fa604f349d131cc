#include "ncprune/stats/statistics.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/naive_moments.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

TEST(MeasureStatistics, AgreesWithNaiveSumsOverSamples) {
  for (const std::vector<int64_t>& counts :
       std::vector<std::vector<int64_t>>{{1}, {3, 0, 1}, {1800, 1, 699}}) {
    const Dataset data = gaussian_data(counts, 4);
    const Network network = network_for(data, "mlp:5,3?activation=tanh");
    const std::vector<Layer> layers = prunable_layers(network);
    const std::vector<LayerStatistics> statistics = measure_statistics(
        network, layers, data,
        {{Statistic::kInputSquareMean, Statistic::kSecondMoment, Statistic::kScatterCovariance},
         {}});
    for (size_t l = 0; l < layers.size(); ++l) {
      SCOPED_TRACE(testing::Message() << data.size() << " samples, " << layers[l].name);
      const Matrix x(value_of(network, data, layers[l].input));
      const Matrix h(value_of(network, data, layers[l].activation));
      Matrix squares(1, x.columns());
      Matrix products(x.columns(), x.columns());
      Matrix x_means(data.num_classes(), x.columns());
      Matrix h_means(data.num_classes(), h.columns());
      Matrix covariance(h.columns(), x.columns());
      const auto labels = elements<int64_t>(data.labels);
      const auto label = [&](int64_t i) { return labels[static_cast<size_t>(i)]; };
      const auto count = [&](int64_t i) {
        return static_cast<double>(counts[static_cast<size_t>(label(i))]);
      };
      for (int64_t i = 0; i < data.size(); ++i) {
        for (int64_t j = 0; j < x.columns(); ++j) {
          squares(0, j) += x(i, j) * x(i, j) / static_cast<double>(data.size());
          for (int64_t k = 0; k < x.columns(); ++k) {
            products(j, k) += x(i, j) * x(i, k) / static_cast<double>(data.size());
          }
          x_means(label(i), j) += x(i, j) / count(i);
        }
        for (int64_t u = 0; u < h.columns(); ++u) h_means(label(i), u) += h(i, u) / count(i);
      }
      for (int64_t i = 0; i < data.size(); ++i) {
        for (int64_t u = 0; u < h.columns(); ++u) {
          for (int64_t j = 0; j < x.columns(); ++j) {
            covariance(u, j) += (h(i, u) - h_means(label(i), u)) * (x(i, j) - x_means(label(i), j));
          }
        }
      }
      expect_near(statistics[l].input_square_mean, squares, 1e-6);
      expect_near(statistics[l].second_moment, products, 1e-6);
      if (data.size() > 1) expect_near(statistics[l].scatter_covariance, covariance, 1e-4);
      EXPECT_FALSE(statistics[l].moments.metric.defined()) << "was not asked for";
      EXPECT_FALSE(statistics[l].output_weight.defined()) << "was not asked for";
    }
  }
}

TEST(MeasureStatistics, UnitsHaveClassMeansAndTheScatterWithinClassesOfTheirActivation) {
  for (const std::vector<int64_t>& counts :
       std::vector<std::vector<int64_t>>{{1}, {1, 1}, {3, 0, 1}, {1800, 1, 699}}) {
    const Dataset data = gaussian_data(counts, 4);
    for (const std::string spec : {"mlp:5,3?activation=tanh", "mlp:5,3?batchnorm=true"}) {
      const Network network = network_for(data, spec);
      const std::vector<Layer> layers = prunable_layers(network);
      const MetricOptions metric{.kappa = 3, .balance = 0.5, .shrinkage = 10};
      const auto statistics =
          measure_statistics(network, layers, data, {{Statistic::kUnitGeometry}, metric});
      for (size_t l = 0; l < layers.size(); ++l) {
        SCOPED_TRACE(testing::Message() << data.size() << " samples, " << layers[l].name);
        const Matrix h(value_of(network, data, layers[l].activation));
        const auto labels = elements<int64_t>(data.labels);
        MetricOptions scatter = metric;
        scatter.kappa = 0;  // the class means stand apart
        const NaiveMoments naive = naive_moments(
            {h, h, {labels.begin(), labels.end()}, data.num_classes(), false}, scatter);
        expect_near(statistics[l].unit_means, naive.class_means, 1e-6);
        expect_near(statistics[l].unit_scatter, naive.metric, 5e-6);
        EXPECT_EQ(statistics[l].class_counts, counts);
      }
    }
  }
}

TEST(MeasureStatistics, UnitVarianceIsTheDiagonalOfTheUnitScatter) {
  for (const std::vector<int64_t>& counts :
       std::vector<std::vector<int64_t>>{{1}, {3, 0, 1}, {1800, 1, 699}}) {
    const Dataset data = gaussian_data(counts, 4);
    const Network network = network_for(data, "mlp:5,3?activation=tanh");
    const std::vector<Layer> layers = prunable_layers(network);
    for (const double margin : {0.0, 0.5}) {
      const MetricOptions metric{.margin = margin};
      const auto measured = [&](Statistic statistic) {
        return measure_statistics(network, layers, data, {{statistic}, metric});
      };
      const std::vector<LayerStatistics> variance = measured(Statistic::kUnitVariance);
      const std::vector<LayerStatistics> geometry = measured(Statistic::kUnitGeometry);
      for (size_t l = 0; l < layers.size(); ++l) {
        const Matrix means(geometry[l].unit_means);
        expect_near(variance[l].unit_means, means, 1e-12);
        expect_near(variance[l].unit_variance, Matrix(geometry[l].unit_scatter.diagonal()), 1e-5);
        EXPECT_FALSE(variance[l].unit_scatter.defined()) << "was not asked for";
      }
    }
  }
}

TEST(MeasureStatistics, TheMetricIsThatOfTheDenseNetworksOwnInputs) {
  const Dataset data = gaussian_data({30, 0, 5, 1}, 4);
  const Network network = network_for(data, "mlp:5,3");
  const std::vector<Layer> layers = prunable_layers(network);
  const MetricOptions metric{.kappa = 2};
  const auto wanted = measure_moments({network, network}, layers, data, metric);
  const auto all = measure_statistics(network, layers, data, {{Statistic::kMetric}, metric});
  for (size_t l = 0; l < layers.size(); ++l) {
    EXPECT_TRUE(all[l].moments.metric.equal(wanted[l].metric));
    EXPECT_TRUE(all[l].moments.cross.equal(wanted[l].cross));
  }
}

// ||P J_i||^2 of every sample and unit i of each layer of a multilayer perceptron of ReLUs, J_i the
// derivatives of the logits by z_i and P what centres over the classes.
std::vector<Matrix> exact_sensitivities(const Network& network, const Dataset& data) {
  const std::vector<Layer> layers = linear_layers(network);
  const int64_t k = data.num_classes();
  std::vector<Matrix> result;
  for (size_t l = 0; l < layers.size(); ++l) {
    result.emplace_back(data.size(), weight_of(network, layers[l]).size(0));
  }
  for (int64_t s = 0; s < data.size(); ++s) {
    Matrix jacobian(k, k);  // of the logits by the pre-activations of layer l, from the last down
    for (int64_t c = 0; c < k; ++c) jacobian(c, c) = 1;
    for (size_t l = layers.size(); l-- > 0;) {
      for (int64_t i = 0; i < jacobian.columns(); ++i) {
        double mean = 0;
        for (int64_t c = 0; c < k; ++c) mean += jacobian(c, i) / static_cast<double>(k);
        for (int64_t c = 0; c < k; ++c) result[l](s, i) += std::pow(jacobian(c, i) - mean, 2);
      }
      if (l == 0) break;
      const Matrix weight(weight_of(network, layers[l]));
      const Matrix z(value_of(network, data, layers[l - 1].output)[s]);
      Matrix next(k, weight.columns());
      for (int64_t c = 0; c < k; ++c) {
        for (int64_t j = 0; j < weight.columns(); ++j) {
          for (int64_t i = 0; i < weight.rows() && z(0, j) > 0; ++i) {
            next(c, j) += jacobian(c, i) * weight(i, j);
          }
        }
      }
      jacobian = next;
    }
  }
  return result;
}

TEST(OutputWeights, AgreeWithExactJacobiansWithinTheEstimatorsVariance) {
  for (const std::vector<int64_t>& counts :
       std::vector<std::vector<int64_t>>{{150, 60}, {120, 1, 90}, {1, 200, 30, 100}}) {
    const Dataset data = gaussian_data(counts, 4);
    const Network network = network_for(data, "mlp:6,5");
    const std::vector<Layer> layers = linear_layers(network);
    const std::vector<Matrix> exact = exact_sensitivities(network, data);
    for (const double balance : {0.0, 1.0}) {
      const std::vector<double> pi = class_weights(counts, balance);
      const std::vector<at::Tensor> measured = output_weights(network, layers, data, balance);
      const auto labels = elements<int64_t>(data.labels);
      for (size_t l = 0; l < layers.size(); ++l) {
        const Matrix found(measured[l]);
        for (int64_t i = 0; i < found.columns(); ++i) {
          double wanted = 0;
          double variance = 0;
          for (int64_t s = 0; s < data.size(); ++s) {
            const auto c = static_cast<size_t>(labels[static_cast<size_t>(s)]);
            const double weight = pi[c] / static_cast<double>(counts[c]);
            wanted += weight * exact[l](s, i);
            // A random sign vector r and a fixed v: Var (r v)^2 = 2 (|v|^4 - sum_k v_k^4).
            variance += 2 * std::pow(weight * exact[l](s, i), 2);
          }
          EXPECT_NEAR(found(0, i), wanted, 5 * std::sqrt(variance) + 1e-6)
              << data.num_classes() << " classes, " << layers[l].name << ", unit " << i;
        }
      }
    }
  }
}

TEST(OutputWeights, DependOnTheDataAlone) {
  const Dataset data = gaussian_data({400, 20, 3}, 4);  // more than is drawn of a class
  const Network network = network_for(data, "mlp:6");
  const std::vector<Layer> layers = linear_layers(network);
  const auto first = output_weights(network, layers, data, 1);
  EXPECT_TRUE(first[0].equal(output_weights(network, layers, data, 1)[0]));
}

}  // namespace
}  // namespace ncprune
