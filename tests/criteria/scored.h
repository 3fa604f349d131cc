#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ncprune/criteria/criterion.h"
#include "tests/matrix.h"
#include "tests/small_network.h"

namespace ncprune {

// The scores that the criterion `spec` gives one layer whose statistics are known.
inline at::Tensor score(const std::string& spec, const at::Tensor& weight,
                        const LayerStatistics& statistics = {}) {
  const Criterion criterion = find_criterion(spec);
  Random random(1);
  return criterion.score({weight, statistics, criterion.options, random});
}

// One score per neuron, of a criterion that scores whole neurons.
inline at::Tensor unit_scores(const std::string& spec, const at::Tensor& weight,
                              const LayerStatistics& statistics = {}) {
  const at::Tensor scores = score(spec, weight, statistics);
  EXPECT_TRUE(scores.eq(scores.slice(1, 0, 1)).all().item<bool>()) << "one score in every row";
  return scores.select(1, 0);
}

// The scores of every prunable layer of `network`, measured on `data`.
inline std::vector<at::Tensor> measured_scores(const std::string& spec, const Network& network,
                                               const Dataset& data) {
  const std::vector<Layer> layers = prunable_layers(network);
  const auto statistics =
      measure_statistics(network, layers, data, {find_criterion(spec).needs, {}});
  std::vector<at::Tensor> scores;
  for (size_t l = 0; l < layers.size(); ++l) {
    scores.push_back(score(spec, weight_of(network, layers[l]).to(at::kDouble), statistics[l]));
  }
  return scores;
}

// Every score within `tolerance` times the largest of `wanted`, which are not all zero.
inline void expect_scores(const at::Tensor& found, const at::Tensor& wanted, double tolerance) {
  const at::Tensor largest = wanted.abs().max();
  ASSERT_GT(largest.item<double>(), 0);
  expect_near(found / largest, Matrix(wanted / largest), tolerance);
}

}  // namespace ncprune
