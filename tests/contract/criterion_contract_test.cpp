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

const std::string kShape = "mlp:7,5";  // with kBatchNorm where the criterion ranks its scale

class EveryCriterion : public testing::TestWithParam<std::string> {
 protected:
  // The scores of every prunable layer of `network`, measured on `data`.
  std::vector<at::Tensor> scores(const Network& network, const Dataset& data,
                                 uint64_t seed = 1) const {
    const std::vector<Layer> layers = prunable_layers(network);
    const std::vector<LayerStatistics> statistics =
        measure_statistics(network, layers, data, {criterion_.needs, {}});
    std::vector<at::Tensor> result;
    for (size_t l = 0; l < layers.size(); ++l) {
      Random random = Random(seed).stream(layers[l].name);
      result.push_back(criterion_.score({weight_of(network, layers[l]).to(at::kDouble),
                                         statistics[l], criterion_.options, random}));
    }
    return result;
  }

  void expect_sound(const Network& network, const Dataset& data) const {
    const std::vector<Layer> layers = prunable_layers(network);
    const std::vector<at::Tensor> all = scores(network, data);
    for (size_t l = 0; l < layers.size(); ++l) {
      SCOPED_TRACE(layers[l].name);
      EXPECT_EQ(all[l].sizes(), weight_of(network, layers[l]).sizes());
      EXPECT_EQ(all[l].scalar_type(), at::kDouble);
      EXPECT_TRUE(at::isfinite(all[l]).all().item<bool>());
    }
  }

  // Scores when the weights are `factor` times as large and the statistics are what they were.
  at::Tensor scaled_scores(double factor) const {
    const Dataset data = gaussian_data({20, 8, 3}, 6);
    const Network network = network_for(data, kShape);
    const std::vector<Layer> layers = prunable_layers(network);
    const auto statistics = measure_statistics(network, layers, data, {criterion_.needs, {}});
    Random random(1);
    return criterion_.score({weight_of(network, layers[0]).to(at::kDouble) * factor, statistics[0],
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
  for (const std::string spec : {"mlp:7,5", "mlp:7,5?bias=false", "mlp:1,1"}) {
    SCOPED_TRACE(spec);
    expect_sound(network_for(data, spec), data);
  }
}

TEST_P(EveryCriterion, BearsAClassOfOneSampleAndOneSampleInAll) {
  for (const std::vector<int64_t>& counts :
       std::vector<std::vector<int64_t>>{{20, 8, 1}, {1, 1, 1}, {1}}) {
    const Dataset data = gaussian_data(counts, 6);
    expect_sound(network_for(data, kShape), data);
  }
}

TEST_P(EveryCriterion, BearsInputsThatNeverFireAndLayersOfZeros) {
  Dataset data = gaussian_data({20, 8, 3}, 6);
  Network zeros = network_for(data, kShape);
  zeros.initializers.at("fc1.weight").zero_();
  expect_sound(zeros, data);
  data.inputs.slice(1, 2, 5).zero_();
  expect_sound(network_for(data, kShape), data);
  data.inputs.zero_();
  expect_sound(network_for(data, kShape + "?bias=false"), data);
}

TEST_P(EveryCriterion, RepeatsItselfWithTheSameSeed) {
  const Dataset data = gaussian_data({20, 8, 3}, 6);
  const Network network = network_for(data, kShape);
  const std::vector<at::Tensor> first = scores(network, data);
  const std::vector<at::Tensor> second = scores(network, data);
  for (size_t l = 0; l < first.size(); ++l) EXPECT_TRUE(at::equal(first[l], second[l]));
}

TEST_P(EveryCriterion, DoesNotCareInWhichOrderNeuronsStand) {
  if (GetParam() == "random") return;  // draws by position
  const Dataset data = gaussian_data({20, 8, 3}, 6);
  const Network network = network_for(data, kShape);
  const at::Tensor order = Random(4).permutation(7);
  Network shuffled = clone(network);
  for (const char* name : {"fc1.weight", "fc1.bias"}) {
    shuffled.initializers.at(name) = network.initializers.at(name).index_select(0, order);
  }
  shuffled.initializers.at("fc2.weight") =
      network.initializers.at("fc2.weight").index_select(1, order);
  const std::vector<at::Tensor> before = scores(network, data);
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
  for (const at::Tensor& s : scores(network_for(data, kShape), data)) {
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
