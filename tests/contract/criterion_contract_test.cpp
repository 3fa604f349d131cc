// Every criterion there is through the same checks, found from the table.
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/isfinite.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "ncprune/base/lookup.h"
#include "ncprune/criteria/criterion.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

class EveryCriterion : public testing::TestWithParam<std::string> {
 protected:
  // An untrained mlp:SHAPE with or without biases; with BatchNormalization, its scales drawn, if
  // the criterion ranks them.
  Network network(const Dataset& data, const std::string& shape = "7,5", bool bias = true) const {
    const bool norm = criterion_.needs.contains(Statistic::kBatchNormScale);
    Network made = network_for(data, "mlp:" + shape + "?bias=" + (bias ? "true" : "false") +
                                         "&batchnorm=" + (norm ? "true" : "false"));
    for (auto& [name, tensor] : made.initializers) {
      if (name.ends_with(".scale")) tensor = normal(tensor.sizes(), 6).to(at::kFloat);
    }
    return made;
  }

  // The scores of every prunable layer of `network`, measured on `data`.
  std::vector<at::Tensor> scores(const Network& made, const Dataset& data,
                                 uint64_t seed = 1) const {
    const std::vector<Layer> layers = prunable_layers(made);
    const std::vector<LayerStatistics> statistics =
        measure_statistics(made, layers, data, {criterion_.needs, {}});
    std::vector<at::Tensor> result;
    for (size_t l = 0; l < layers.size(); ++l) {
      Random random = Random(seed).stream(layers[l].name);
      result.push_back(criterion_.score(
          {weight_of(made, layers[l]).to(at::kDouble), statistics[l], criterion_.options, random}));
    }
    return result;
  }

  void expect_sound(const Network& made, const Dataset& data) const {
    const std::vector<Layer> layers = prunable_layers(made);
    const std::vector<at::Tensor> all = scores(made, data);
    for (size_t l = 0; l < layers.size(); ++l) {
      SCOPED_TRACE(layers[l].name);
      EXPECT_EQ(all[l].sizes(), weight_of(made, layers[l]).sizes());
      EXPECT_EQ(all[l].scalar_type(), at::kDouble);
      EXPECT_TRUE(at::isfinite(all[l]).all().item<bool>());
    }
  }

  // Scores when the weights are `factor` times as large and the statistics are what they were.
  at::Tensor scaled_scores(double factor) const {
    const Dataset data = gaussian_data({20, 8, 3}, 6);
    const Network plain = network(data);
    const std::vector<Layer> layers = prunable_layers(plain);
    const auto statistics = measure_statistics(plain, layers, data, {criterion_.needs, {}});
    Random random(1);
    return criterion_.score({weight_of(plain, layers[0]).to(at::kDouble) * factor, statistics[0],
                             criterion_.options, random});
  }

  const Criterion& criterion_ = find_named(criteria(), GetParam(), "criterion");
};

TEST_P(EveryCriterion, DescribesItself) {
  EXPECT_FALSE(criterion_.summary.empty());
  EXPECT_TRUE(std::none_of(criterion_.name.begin(), criterion_.name.end(),
                           [](char c) { return c == '_' || c == ' '; }));
}

TEST_P(EveryCriterion, GivesAFiniteScorePerWeight) {
  const Dataset data = gaussian_data({20, 8, 3}, 6);
  expect_sound(network(data), data);
  expect_sound(network(data, "7,5", false), data);
  expect_sound(network(data, "1,1"), data);
}

TEST_P(EveryCriterion, BearsAClassOfOneSampleAnAbsentOneAndOneSampleInAll) {
  for (const std::vector<int64_t>& counts :
       std::vector<std::vector<int64_t>>{{20, 8, 1}, {5, 0, 2}, {1, 1, 1}, {1}}) {
    const Dataset data = gaussian_data(counts, 6);
    expect_sound(network(data), data);
  }
}

TEST_P(EveryCriterion, BearsInputsThatNeverFireAndLayersOfZeros) {
  Dataset data = gaussian_data({20, 8, 3}, 6);
  Network zeros = network(data);
  zeros.initializers.at("fc1.weight").zero_();
  expect_sound(zeros, data);
  data.inputs.slice(1, 2, 5).zero_();
  expect_sound(network(data), data);
  data.inputs.zero_();
  expect_sound(network(data, "7,5", false), data);
}

TEST_P(EveryCriterion, RepeatsItselfWithTheSameSeed) {
  const Dataset data = gaussian_data({20, 8, 3}, 6);
  const Network plain = network(data);
  const std::vector<at::Tensor> first = scores(plain, data);
  const std::vector<at::Tensor> second = scores(plain, data);
  for (size_t l = 0; l < first.size(); ++l) EXPECT_TRUE(at::equal(first[l], second[l]));
}

TEST_P(EveryCriterion, DoesNotCareInWhichOrderNeuronsStand) {
  if (GetParam() == "random") return;  // draws by position
  const Dataset data = gaussian_data({20, 8, 3}, 6);
  const Network plain = network(data);
  const at::Tensor order = Random(4).permutation(7);
  Network shuffled = clone(plain);
  for (auto& [name, tensor] : shuffled.initializers) {
    const bool rows = name.starts_with("fc1.") || name.starts_with("bn1.");
    if (rows || name == "fc2.weight") tensor = tensor.index_select(rows ? 0 : 1, order);
  }
  const std::vector<at::Tensor> before = scores(plain, data);
  const std::vector<at::Tensor> after = scores(shuffled, data);
  // Statistics are sums of float products, in another order.
  EXPECT_TRUE(at::allclose(after[0], before[0].index_select(0, order), 1e-4, 1e-6));
  EXPECT_TRUE(at::allclose(after[1], before[1].index_select(1, order), 1e-4, 1e-6));
}

TEST_P(EveryCriterion, GrowsWithTheWeightsAsItSays) {
  const at::Tensor once = scaled_scores(1);
  const at::Tensor twice = scaled_scores(2);
  // Where no law is claimed, none holds.
  const auto holds = [&](int degree) {
    return at::allclose(twice, std::pow(2, degree) * once, 1e-9, 1e-12);
  };
  if (criterion_.degree) {
    EXPECT_TRUE(holds(*criterion_.degree));
  } else {
    EXPECT_FALSE(holds(0) || holds(1) || holds(2));
  }
}

TEST_P(EveryCriterion, ScoresTheWeightsOfANeuronAlikeIfItSaysSo) {
  const Dataset data = gaussian_data({20, 8, 3}, 6);
  for (const at::Tensor& s : scores(network(data), data)) {
    EXPECT_EQ(s.eq(s.slice(1, 0, 1)).all().item<bool>(), criterion_.whole_neurons);
  }
}

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const Criterion& criterion : criteria()) all.push_back(criterion.name);
  return all;
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Criteria, EveryCriterion, testing::ValuesIn(names()), test_name);

}  // namespace
}  // namespace ncprune
