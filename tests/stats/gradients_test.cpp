#include "ncprune/stats/gradients.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ncprune/stats/pass.h"
#include "ncprune/stats/sampling.h"
#include "tests/matrix.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

const std::string kNetwork = "mlp:5,3?activation=tanh";

// Weights and biases of such a network, the head's last.
struct Parameters {
  std::vector<Matrix> weights;
  std::vector<Matrix> biases;
};

Parameters parameters_of(const Network& network) {
  Parameters parameters;
  for (const Layer& layer : linear_layers(network)) {
    parameters.weights.emplace_back(weight_of(network, layer));
    parameters.biases.emplace_back(bias_of(network, layer));
  }
  return parameters;
}

// For one sample, the input [1, d] of every layer, and the derivatives [1, m] of its cross-entropy
// by the layer's pre-activations; by back-propagation in double precision.
struct Derivatives {
  std::vector<Matrix> inputs;
  std::vector<Matrix> by_output;
};

Derivatives back_propagate(const Parameters& parameters, Matrix x, int64_t label) {
  Derivatives result;
  const size_t layers = parameters.weights.size();
  for (size_t l = 0; l < layers; ++l) {
    const Matrix& w = parameters.weights[l];
    result.inputs.push_back(x);
    Matrix z = parameters.biases[l];
    for (int64_t i = 0; i < w.rows(); ++i) {
      for (int64_t j = 0; j < w.columns(); ++j) z(0, i) += w(i, j) * x(0, j);
      if (l + 1 < layers) z(0, i) = std::tanh(z(0, i));
    }
    x = z;
  }
  double total = 0;
  for (int64_t k = 0; k < x.columns(); ++k) total += std::exp(x(0, k));
  Matrix delta(1, x.columns());
  for (int64_t k = 0; k < x.columns(); ++k) {
    delta(0, k) = std::exp(x(0, k)) / total - (k == label ? 1 : 0);
  }
  result.by_output.assign(layers, delta);
  for (size_t l = layers; l-- > 1;) {
    const Matrix& w = parameters.weights[l];
    Matrix before(1, w.columns());
    for (int64_t j = 0; j < w.columns(); ++j) {
      for (int64_t i = 0; i < w.rows(); ++i) before(0, j) += result.by_output[l](0, i) * w(i, j);
      before(0, j) *= 1 - std::pow(result.inputs[l](0, j), 2);
    }
    result.by_output[l - 1] = before;
  }
  return result;
}

class MeasureGradients : public testing::TestWithParam<std::vector<int64_t>> {
 protected:
  // Calls `visit` with every sample's class and derivatives.
  template <typename Visit>
  void for_each_sample(const Parameters& parameters, const Dataset& data, Visit visit) const {
    const auto labels = elements<int64_t>(data.labels);
    for (int64_t s = 0; s < data.size(); ++s) {
      const int64_t label = labels[static_cast<size_t>(s)];
      visit(label, back_propagate(parameters, Matrix(data.inputs[s]), label));
    }
  }

  Dataset data_ = gaussian_data(GetParam(), 4);
  Network network_ = network_for(data_, kNetwork);
  std::vector<Layer> layers_ = prunable_layers(network_);
};

TEST_P(MeasureGradients, AgreesWithBackPropagationSampleBySample) {
  const auto found = measure_gradients(
      network_, layers_, data_,
      {Statistic::kGradient, Statistic::kFisher, Statistic::kClassFisher, Statistic::kClassTaylor});
  const Parameters parameters = parameters_of(network_);
  const int64_t k = data_.num_classes();
  const auto total = static_cast<double>(data_.size());
  for (size_t l = 0; l < layers_.size(); ++l) {
    SCOPED_TRACE(layers_[l].name);
    const Matrix& w = parameters.weights[l];
    Matrix gradient(w.rows(), w.columns());
    Matrix fisher(w.rows(), w.columns());
    std::vector<Matrix> class_fisher(static_cast<size_t>(k), fisher);
    Matrix taylor(k, w.rows());
    for_each_sample(parameters, data_, [&](int64_t c, const Derivatives& sample) {
      const auto of_class = static_cast<double>(GetParam()[static_cast<size_t>(c)]);
      for (int64_t i = 0; i < w.rows(); ++i) {
        for (int64_t j = 0; j < w.columns(); ++j) {
          const double g = sample.by_output[l](0, i) * sample.inputs[l](0, j);
          gradient(i, j) += g / total;
          fisher(i, j) += g * g / total;
          class_fisher[static_cast<size_t>(c)](i, j) += g * g / of_class;
          taylor(c, i) += w(i, j) * g / of_class;
        }
      }
    });
    expect_near(found[l].gradient, gradient, 1e-6);
    expect_near(found[l].fisher, fisher, 1e-6);
    for (int64_t c = 0; c < k; ++c) {
      expect_near(found[l].class_fisher[c], class_fisher[static_cast<size_t>(c)], 1e-6);
    }
    expect_near(found[l].class_taylor, taylor, 1e-6);
  }
}

TEST_P(MeasureGradients, GivesOnlyWhatIsAskedFor) {
  const auto found = measure_gradients(network_, layers_, data_, {Statistic::kFisher});
  EXPECT_TRUE(found[0].fisher.defined());
  EXPECT_FALSE(found[0].gradient.defined() || found[0].class_fisher.defined() ||
               found[0].class_taylor.defined());
}

TEST_P(MeasureGradients, HessianTimesGradientIsTheGradientsSlopeAlongItself) {
  const Dataset sample = at_most_per_class(data_, 256);
  // The mean gradient by the weights of the prunable layers.
  const auto gradient = [&](const Parameters& parameters) {
    std::vector<Matrix> sums;
    for (size_t l = 0; l < layers_.size(); ++l) {
      sums.emplace_back(parameters.weights[l].rows(), parameters.weights[l].columns());
    }
    for_each_sample(parameters, sample, [&](int64_t, const Derivatives& of_sample) {
      for (size_t l = 0; l < sums.size(); ++l) {
        for (int64_t i = 0; i < sums[l].rows(); ++i) {
          for (int64_t j = 0; j < sums[l].columns(); ++j) {
            sums[l](i, j) += of_sample.by_output[l](0, i) * of_sample.inputs[l](0, j) /
                             static_cast<double>(sample.size());
          }
        }
      }
    });
    return sums;
  };
  constexpr double kStep = 1e-4;
  const Parameters here = parameters_of(network_);
  const std::vector<Matrix> direction = gradient(here);
  const auto moved = [&](double step) {
    Parameters there = here;
    for (size_t l = 0; l < direction.size(); ++l) {
      for (int64_t i = 0; i < direction[l].rows(); ++i) {
        for (int64_t j = 0; j < direction[l].columns(); ++j) {
          there.weights[l](i, j) += step * direction[l](i, j);
        }
      }
    }
    return gradient(there);
  };
  const std::vector<Matrix> ahead = moved(kStep);
  const std::vector<Matrix> behind = moved(-kStep);
  const std::vector<at::Tensor> found = hessian_gradients(network_, layers_, data_);
  for (size_t l = 0; l < layers_.size(); ++l) {
    Matrix wanted(direction[l].rows(), direction[l].columns());
    for (int64_t i = 0; i < wanted.rows(); ++i) {
      for (int64_t j = 0; j < wanted.columns(); ++j) {
        wanted(i, j) = (ahead[l](i, j) - behind[l](i, j)) / (2 * kStep);
      }
    }
    expect_near(found[l], wanted, 1e-6);
  }
}

// One sample in all, one class, an absent class, one of a class, and more than a batch (2048) that
// it does not divide.
INSTANTIATE_TEST_SUITE_P(Sizes, MeasureGradients,
                         testing::Values(std::vector<int64_t>{1}, std::vector<int64_t>{7},
                                         std::vector<int64_t>{1, 1, 1},
                                         std::vector<int64_t>{5, 0, 2},
                                         std::vector<int64_t>{1800, 1, 699}));

TEST(Derivatives, AreTheSameHoweverTheWeightsAreStored) {
  const Dataset data = gaussian_data({20, 5, 1}, 4);
  const Network gemm = network_for(data, kNetwork);
  const Network matmul = as_matmul(gemm);
  const auto measured = [&](const Network& network) {
    return measure_statistics(network, prunable_layers(network), data,
                              {{Statistic::kGradient, Statistic::kClassTaylor,
                                Statistic::kHessianGradient, Statistic::kSynapticFlow},
                               {}});
  };
  const auto one = measured(gemm);
  const auto other = measured(matmul);
  for (size_t l = 0; l < one.size(); ++l) {
    expect_near(other[l].gradient, Matrix(one[l].gradient), 1e-6);
    expect_near(other[l].class_taylor, Matrix(one[l].class_taylor), 1e-6);
    expect_near(other[l].hessian_gradient, Matrix(one[l].hessian_gradient), 1e-6);
    expect_near(other[l].synaptic_flow, Matrix(one[l].synaptic_flow), 1e-6);
  }
}

TEST(AtMostPerClass, DrawsNoMoreThanTheLimitOfEveryClassAndThoseOnce) {
  const Dataset data = gaussian_data({300, 0, 5, 256}, 3);
  const Dataset sample = at_most_per_class(data, 256);
  EXPECT_EQ(class_counts(sample), (std::vector<int64_t>{256, 0, 5, 256}));
  EXPECT_TRUE(sample.inputs.equal(at_most_per_class(data, 256).inputs));
  // Every sample is one of the data's, and no two are the same.
  for (const Dataset& from : {data, sample}) {
    const at::Tensor equal = (sample.inputs.unsqueeze(1) - from.inputs).abs().sum(2).eq(0);
    EXPECT_TRUE(equal.sum(1).eq(1).all().item<bool>());
  }
}

}  // namespace
}  // namespace ncprune
