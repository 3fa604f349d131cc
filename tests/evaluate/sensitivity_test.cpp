#include "ncprune/evaluate/sensitivity.h"

#include <ATen/ops/eye.h>
#include <ATen/ops/linalg_svd.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/data/input_error.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

Sensitivity measure(const Network& network, const Dataset& data, const std::string& name,
                    const SensitivityOptions& options = {}) {
  for (Sensitivity& s : measure_sensitivity(network, data, options)) {
    if (s.name == name) return s;
  }
  ADD_FAILURE() << "no measure " << name;
  return {};
}

double spectral_norm(const at::Tensor& weight) {
  return std::get<1>(at::linalg_svd(weight)).max().item<double>();
}

TEST(Sensitivity, KnowsTheJacobianOfALinearNetwork) {
  const Dataset data = gaussian_data({3, 5, 2}, 6);
  const at::Tensor weight = normal({3, 6}, 5);
  const Network network = head_alone(weight, normal({3}, 6));
  const Sensitivity jacobian = measure(network, data, "jacobian");
  const Sensitivity lipschitz = measure(network, data, "lipschitz");
  for (size_t c = 0; c < 3; ++c) {
    EXPECT_NEAR(jacobian.classes[c], weight.norm().item<double>(), 1e-5);
    EXPECT_NEAR(lipschitz.classes[c], spectral_norm(weight), 1e-3);
  }
  EXPECT_NEAR(jacobian.mean, weight.norm().item<double>(), 1e-5);
}

TEST(Sensitivity, EstimatesTheJacobianOfManyClasses) {
  Dataset data = gaussian_data(std::vector<int64_t>(100, 1), 60);
  const at::Tensor weight = normal({100, 60}, 5);
  const Network network = head_alone(weight, at::zeros({100}));
  const double norm = weight.norm().item<double>();
  EXPECT_NEAR(measure(network, data, "jacobian").mean, norm, 0.15 * norm);
  const double slope = measure(network, data, "lipschitz").mean;
  EXPECT_LE(slope, spectral_norm(weight) * 1.001);
  EXPECT_GE(slope, 0.6 * spectral_norm(weight));
}

TEST(Sensitivity, OfALinearNetworkIsWhatItsWeightMakesOfNoise) {
  // W = 2 I stretches every e by two, whatever e is.
  const Dataset data = gaussian_data({30, 20, 10}, 3);
  const Network network = head_alone(2 * at::eye(3), at::zeros({3}));
  for (const double sigma : {0.01, 3.0}) {
    const SensitivityOptions options{.sigma = sigma};
    EXPECT_NEAR(measure(network, data, "logits", options).mean, 2, 1e-3);
    EXPECT_NEAR(measure(network, data, "logits-relative", options).mean, 1, 1e-3);
  }
}

TEST(Sensitivity, AgreesWithItsDefinitionSampleBySample) {
  const Dataset data = gaussian_data({2}, 4);
  const Network network = head_alone(normal({1, 4}, 5), normal({1}, 6));
  // One class: the softmax is 1 whatever happens.
  EXPECT_DOUBLE_EQ(measure(network, data, "shares").mean, 0);
  EXPECT_DOUBLE_EQ(measure(network, data, "shares-by-size").mean, 0);

  const Dataset two = gaussian_data({1, 1}, 4);
  const at::Tensor weight = normal({2, 4}, 5);
  const Network linear = head_alone(weight, normal({2}, 6));
  // With tiny noise the softmax moves along its derivative, p_0 p_1 (dz_0 - dz_1) (1, -1).
  const SensitivityOptions options{.sigma = 1e-3, .draws = 400};
  const std::vector<double> found = measure(linear, two, "shares", options).classes;
  const at::Tensor p = logits(linear, two.inputs).to(at::kDouble).softmax(1);
  const at::Tensor slope = weight[0] - weight[1];
  // E |cos| between e and a fixed direction in four dimensions: 4 / (3 pi).
  const double cosine = 4 / (3 * std::acos(-1.0));
  for (int64_t c = 0; c < 2; ++c) {
    const double wanted =
        std::sqrt(2.0) * (p[c][0] * p[c][1]).item<double>() * slope.norm().item<double>() * cosine;
    EXPECT_NEAR(found[static_cast<size_t>(c)], wanted, 0.08 * wanted);
  }
}

TEST(Sensitivity, LeavesOutWhatHasNoValue) {
  Dataset data = gaussian_data({4, 4}, 3);
  data.class_names.emplace_back("none of it");
  data.inputs.slice(0, 0, 4).zero_();  // the first class
  const Network network = head_alone(normal({3, 3}, 5), normal({3}, 6));
  const Sensitivity relative = measure(network, data, "logits-relative");
  EXPECT_TRUE(std::isnan(relative.classes[2]));
  EXPECT_TRUE(std::isnan(measure(network, data, "lipschitz").classes[0]));
  EXPECT_TRUE(std::isfinite(measure(network, data, "lipschitz").mean));
  EXPECT_TRUE(std::isfinite(measure(network, data, "logits").classes[0]));
  EXPECT_TRUE(std::isnan(measure(network, data, "logits").classes[2]));
}

TEST(Sensitivity, RefusesOptionsOutsideTheirRange) {
  const Dataset data = gaussian_data({2, 2}, 3);
  const Network network = network_for(data, "mlp:4");
  const auto refusal = [&](const SensitivityOptions& options) {
    return input_error([&] { measure_sensitivity(network, data, options); });
  };
  EXPECT_EQ(refusal({.sigma = -1}), "sigma -1 is outside (0, 1e6]");
  EXPECT_EQ(refusal({.draws = 0}), "0 draws of the noise; wanted 1 to 1000");
  EXPECT_EQ(refusal({.per_class = 0}), "0 samples of a class; wanted 1 to 1000000");
}

}  // namespace
}  // namespace ncprune
