#pragma once

#include <cmath>
#include <vector>

#include "ncprune/stats/moments.h"
#include "tests/matrix.h"

namespace ncprune {

// LayerMoments by the formulas of ncprune/stats/moments.h, a sample and an element at a time.
struct NaiveMoments {
  std::vector<double> pi;
  Matrix metric;
  Matrix cross;
  Matrix input_mean;   // [1, d]
  Matrix target_mean;  // [1, m]
  Matrix class_means;  // [K, d]
};

// What the samples of a layer are: its inputs [N, d], the pre-activations wanted [N, m], and their
// classes [N] of `num_classes`. `centred`: the layer has a bias, which takes up the mean.
struct LayerSamples {
  Matrix inputs;
  Matrix targets;
  std::vector<int64_t> labels;
  int64_t num_classes;
  bool centred;
  std::vector<double> factors = {};  // of each sample within its class, mean 1; none: all 1
};

namespace naive {

using Classes = std::vector<double>;

inline size_t at(int64_t c) {
  return static_cast<size_t>(c);
}

inline Classes counts(const LayerSamples& samples) {
  Classes n(at(samples.num_classes), 0);
  for (const int64_t label : samples.labels) n[at(label)] += 1;
  return n;
}

inline double factor(const LayerSamples& samples, int64_t i) {
  return samples.factors.empty() ? 1 : samples.factors[at(i)];
}

inline Matrix class_means(const LayerSamples& samples, const Matrix& values) {
  const Classes n = counts(samples);
  Matrix means(samples.num_classes, values.columns());
  for (int64_t i = 0; i < values.rows(); ++i) {
    const int64_t c = samples.labels[at(i)];
    const double share = factor(samples, i) / n[at(c)];
    for (int64_t j = 0; j < values.columns(); ++j) means(c, j) += share * values(i, j);
  }
  return means;
}

// sum_c pi_c mu_c, one row.
inline Matrix weighted_mean(const Classes& pi, const Matrix& means) {
  Matrix mean(1, means.columns());
  for (int64_t c = 0; c < means.rows(); ++c) {
    for (int64_t j = 0; j < means.columns(); ++j) mean(0, j) += pi[at(c)] * means(c, j);
  }
  return mean;
}

// sum_c pi_c (S*_c(y, x) + kappa (mu_c(y) - mu(y)) (mu_c(x) - mu(x))^T)
inline Matrix metric(const LayerSamples& samples, const Matrix& y, const Classes& pi,
                     const MetricOptions& options) {
  const Matrix& x = samples.inputs;
  const Classes n = counts(samples);
  const Matrix x_means = class_means(samples, x);
  const Matrix y_means = class_means(samples, y);
  Matrix x_centre = weighted_mean(pi, x_means);
  Matrix y_centre = weighted_mean(pi, y_means);
  if (!samples.centred) {
    x_centre = Matrix(1, x.columns());
    y_centre = Matrix(1, y.columns());
  }
  const auto total = static_cast<double>(samples.labels.size());
  Matrix result(y.columns(), x.columns());
  for (int64_t i = 0; i < y.columns(); ++i) {
    for (int64_t j = 0; j < x.columns(); ++j) {
      Classes scatter(n.size(), 0);  // the covariance of each class
      double pool = 0;
      for (int64_t s = 0; s < x.rows(); ++s) {
        const int64_t c = samples.labels[at(s)];
        const double term =
            factor(samples, s) * (y(s, i) - y_means(c, i)) * (x(s, j) - x_means(c, j));
        scatter[at(c)] += term / n[at(c)];
        pool += term / total;
      }
      for (int64_t c = 0; c < samples.num_classes; ++c) {
        if (n[at(c)] == 0) continue;
        const double own = n[at(c)] == 1 ? 0 : (n[at(c)] - 1) / (n[at(c)] - 1 + options.shrinkage);
        const double between = (y_means(c, i) - y_centre(0, i)) * (x_means(c, j) - x_centre(0, j));
        result(i, j) +=
            pi[at(c)] * (own * scatter[at(c)] + (1 - own) * pool + options.kappa * between);
      }
    }
  }
  return result;
}

}  // namespace naive

inline NaiveMoments naive_moments(const LayerSamples& samples, const MetricOptions& options) {
  naive::Classes pi = naive::counts(samples);
  double total = 0;
  for (double& p : pi) total += p = p == 0 ? 0 : std::pow(p, 1 - options.balance);
  for (double& p : pi) p /= total;
  const Matrix means = naive::class_means(samples, samples.inputs);
  const Matrix target_means = naive::class_means(samples, samples.targets);
  return {pi,
          naive::metric(samples, samples.inputs, pi, options),
          naive::metric(samples, samples.targets, pi, options),
          naive::weighted_mean(pi, means),
          naive::weighted_mean(pi, target_means),
          means};
}

}  // namespace ncprune
