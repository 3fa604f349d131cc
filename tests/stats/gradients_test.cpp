#include "ncprune/stats/gradients.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/matrix.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

// The derivatives of every sample's cross-entropy by the pre-activations z of each layer of a
// multilayer perceptron of ReLUs, [N, m] each.
std::vector<Matrix> loss_derivatives(const Network& network, const Dataset& data) {
  const std::vector<Layer> layers = linear_layers(network);
  const auto labels = elements<int64_t>(data.labels);
  std::vector<Matrix> dz;
  for (const Layer& layer : layers) dz.emplace_back(value_of(network, data, layer.output));
  Matrix& last = dz.back();
  for (int64_t i = 0; i < last.rows(); ++i) {
    double total = 0;
    for (int64_t c = 0; c < last.columns(); ++c) total += std::exp(last(i, c));
    for (int64_t c = 0; c < last.columns(); ++c) {
      const bool own = c == labels[static_cast<size_t>(i)];
      last(i, c) = std::exp(last(i, c)) / total - (own ? 1 : 0);
    }
  }
  for (size_t l = layers.size() - 1; l-- > 0;) {
    const Matrix weight(weight_of(network, layers[l + 1]));
    for (int64_t i = 0; i < last.rows(); ++i) {
      for (int64_t j = 0; j < weight.columns(); ++j) {
        double sum = 0;
        for (int64_t u = 0; u < weight.rows(); ++u) sum += dz[l + 1](i, u) * weight(u, j);
        dz[l](i, j) = dz[l](i, j) > 0 ? sum : 0;
      }
    }
  }
  return dz;
}

// One sample of one class, an absent class, and more than a batch (2048).
TEST(MeasureGradients, AgreesWithBackPropagationSampleBySample) {
  for (const std::vector<int64_t>& counts :
       std::vector<std::vector<int64_t>>{{1}, {3, 0, 1}, {1800, 1, 699}}) {
    const Dataset data = gaussian_data(counts, 4);
    const Network network = network_for(data, "mlp:5,3");
    const std::vector<Layer> layers = prunable_layers(network);
    const std::vector<Matrix> all_dz = loss_derivatives(network, data);
    const auto alone = [&](Statistic statistic) {
      return measure_gradients(network, layers, data, {statistic});
    };
    const std::vector<LayerStatistics> together =
        measure_gradients(network, layers, data,
                          {Statistic::kGradient, Statistic::kFisher, Statistic::kClassFisher,
                           Statistic::kClassTaylor});
    for (size_t l = 0; l < layers.size(); ++l) {
      SCOPED_TRACE(testing::Message() << data.size() << " samples, " << layers[l].name);
      const Matrix& dz = all_dz[l];
      const Matrix x(value_of(network, data, layers[l].input));
      const Matrix weight(weight_of(network, layers[l]));
      const int64_t k = data.num_classes();
      Matrix gradient(dz.columns(), x.columns());
      Matrix fisher(dz.columns(), x.columns());
      Matrix class_fisher(k, dz.columns() * x.columns());
      Matrix class_taylor(k, dz.columns());
      for (int64_t s = 0; s < data.size(); ++s) {
        const auto c = data.labels[s].item<int64_t>();
        const auto own = static_cast<double>(counts[static_cast<size_t>(c)]);
        for (int64_t u = 0; u < dz.columns(); ++u) {
          for (int64_t j = 0; j < x.columns(); ++j) {
            const double term = dz(s, u) * x(s, j);
            gradient(u, j) += term / static_cast<double>(data.size());
            fisher(u, j) += term * term / static_cast<double>(data.size());
            class_fisher(c, u * x.columns() + j) += term * term / own;
            class_taylor(c, u) += weight(u, j) * term / own;
          }
        }
      }
      constexpr double kTolerance = 1e-5;  // products are taken in float
      expect_near(alone(Statistic::kGradient)[l].gradient, gradient, kTolerance);
      expect_near(alone(Statistic::kFisher)[l].fisher, fisher, kTolerance);
      expect_near(alone(Statistic::kClassFisher)[l].class_fisher.flatten(1), class_fisher,
                  kTolerance);
      expect_near(alone(Statistic::kClassTaylor)[l].class_taylor, class_taylor, kTolerance);
      expect_near(together[l].gradient, gradient, kTolerance);
      expect_near(together[l].fisher, fisher, kTolerance);
      expect_near(together[l].class_fisher.flatten(1), class_fisher, kTolerance);
      expect_near(together[l].class_taylor, class_taylor, kTolerance);
      EXPECT_FALSE(alone(Statistic::kClassFisher)[l].fisher.defined()) << "was not asked for";
    }
  }
}

}  // namespace
}  // namespace ncprune
