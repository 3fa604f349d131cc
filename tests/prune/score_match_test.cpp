#include "ncprune/prune/score_match.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "ncprune/base/random.h"
#include "ncprune/data/split.h"
#include "ncprune/model/operators.h"
#include "ncprune/prune/finish.h"
#include "ncprune/prune/prune.h"
#include "ncprune/prune/refine.h"
#include "ncprune/train/train.h"
#include "tests/data/input_error.h"
#include "tests/matrix.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

// The divergence between two networks' class shares, averaged over classes (balance 1) or samples.
double divergence(const Network& dense, const Network& pruned, const Dataset& data,
                  double balance = 1) {
  const Matrix q(value_of(dense, data, logits_value(dense)).to(at::kDouble).softmax(1));
  const Matrix p(value_of(pruned, data, logits_value(pruned)).to(at::kDouble).softmax(1));
  const std::vector<int64_t> counts = class_counts(data);
  const auto labels = elements<int64_t>(data.labels);
  double sum = 0;
  for (int64_t i = 0; i < data.size(); ++i) {
    double own = 0;
    for (int64_t k = 0; k < q.columns(); ++k) own += q(i, k) * std::log(q(i, k) / p(i, k));
    const auto of_class =
        static_cast<double>(counts[static_cast<size_t>(labels[static_cast<size_t>(i)])]);
    sum += own * (balance == 1 ? 1 / of_class / static_cast<double>(counts.size())
                               : 1 / static_cast<double>(data.size()));
  }
  return sum;
}

bool is_scale_or_shift(const Network& network, const std::string& name) {
  return std::any_of(network.nodes.begin(), network.nodes.end(), [&](const Node& node) {
    return node.op_type == "BatchNormalization" &&
           (node.inputs[1] == name || node.inputs[2] == name);
  });
}

// Scales the rows of every weight, [out, ...], and the biases.
Network with_lost_channels(const Network& network) {
  Network lost = clone(network);
  for (auto& [name, tensor] : lost.initializers) {
    if (!tensor.is_floating_point() || tensor.dim() == 0) continue;
    std::vector<int64_t> shape(static_cast<size_t>(tensor.dim()), 1);
    shape.front() = tensor.size(0);
    tensor = tensor * (1 + 0.7 * normal(shape, 5).to(at::kFloat));
  }
  return lost;
}

Dataset pictures(const std::vector<int64_t>& counts) {
  Dataset data = gaussian_data(counts, 36);
  data.inputs = data.inputs.view({-1, 1, 6, 6});
  return data;
}

Network trained(const Dataset& data, const std::string& spec) {
  return train(network_for(data, spec), data, {}, {.learning_rate = 1e-2, .epochs = 8, .batch = 20})
      .network;
}

// A share of the weights gone, nothing repaired.
Network masked(const Network& dense, const Dataset& data, double share = 0.5) {
  const Recipe recipe{.method = find_method("magnitude-uniform"), .share = share};
  return prune(dense, data, recipe).network;
}

TEST(MatchScores, FindsTheScalesAndShiftsThatWereLost) {
  for (const std::string spec : {"mlp:12,8?batchnorm=true", "cnn:4,6"}) {
    const Dataset data = pictures({120, 30, 8});
    const Network dense = trained(data, spec);
    Network lost = clone(dense);
    for (auto& [name, tensor] : lost.initializers) {
      if (is_scale_or_shift(lost, name))
        tensor = tensor * (1 + 0.5 * normal(tensor.sizes(), 5).to(at::kFloat));
    }
    const double before = divergence(dense, lost, data);
    const Network matched = match_scores(dense, {lost}, data, {});
    ASSERT_GT(before, 0.01) << spec;
    EXPECT_LT(divergence(dense, matched, data), before / 5) << spec;
  }
}

TEST(MatchScores, ChangesScalesAndShiftsAloneAndTheSameWayEveryTime) {
  const Dataset data = pictures({120, 30, 8});
  const Network dense = trained(data, "cnn:4,6");
  const Network pruned = masked(dense, data);
  const Network matched = match_scores(dense, {pruned}, data, {});
  const Network again = match_scores(dense, {pruned}, data, {});
  for (const auto& [name, tensor] : matched.initializers) {
    EXPECT_EQ(tensor.is_same(pruned.initializers.at(name)), !is_scale_or_shift(pruned, name))
        << name;
    EXPECT_TRUE(tensor.equal(again.initializers.at(name))) << name;
  }
  EXPECT_LT(divergence(dense, matched, data), divergence(dense, pruned, data));
}

TEST(MatchScores, AveragesOverClassesOrSamplesAsTheBalanceSays) {
  const Dataset data = pictures({200, 20, 5});
  const Network dense = trained(data, "cnn:4,6");
  const Network pruned = masked(dense, data);
  const Network classes = match_scores(dense, {pruned}, data, {.balance = 1});
  const Network samples = match_scores(dense, {pruned}, data, {.balance = 0});
  EXPECT_LT(divergence(dense, classes, data, 1), divergence(dense, samples, data, 1));
  EXPECT_LT(divergence(dense, samples, data, 0), divergence(dense, classes, data, 0));
}

TEST(MatchScores, StartsFromTheCloser) {
  const Dataset data = pictures({60, 20});
  const Network dense = trained(data, "cnn:4");
  const Network far = network_for(data, "cnn:4", 9);
  // The dense network itself cannot be bettered.
  for (const auto& starts : {std::vector{far, dense}, std::vector{dense, far}}) {
    const Network matched = match_scores(dense, starts, data, {});
    for (const auto& [name, tensor] : matched.initializers) {
      EXPECT_TRUE(tensor.is_same(dense.initializers.at(name))) << name;
    }
  }
}

TEST(MatchScores, SeesTheNoiseThatIsToBeExpected) {
  const Dataset data = pictures({120, 30, 8});
  const Network dense = trained(data, "cnn:4,6");
  const Network prepared = match_scores(dense, {dense}, data, {.noise = 0.5});
  EXPECT_FALSE(prepared.initializers.at("bn1.scale").is_same(dense.initializers.at("bn1.scale")));
}

TEST(MatchScores, FindsTheScalesOfChannelsWhereThereIsNoBatchNormalization) {
  for (const std::string spec : {"mlp:12,8", "mlp:12,8?bias=false", "cnn:4,6?batchnorm=false"}) {
    const Dataset data = pictures({120, 30, 8});
    const Network dense = trained(data, spec);
    const Network lost = with_lost_channels(dense);
    const double before = divergence(dense, lost, data);
    ASSERT_GT(before, 0.01) << spec;
    EXPECT_LT(divergence(dense, match_scores(dense, {lost}, data, {}), data), before / 3) << spec;
  }
}

TEST(MatchScores, KeepsTheZerosOfWeights) {
  const Dataset data = pictures({120, 30, 8});
  const Network dense = trained(data, "mlp:12,8");
  const Network pruned = masked(dense, data);
  const Network matched = match_scores(dense, {pruned}, data, {});
  EXPECT_LT(divergence(dense, matched, data), divergence(dense, pruned, data));
  for (const Layer& layer : prunable_layers(dense)) {
    EXPECT_TRUE(weight_of(matched, layer).ne(0).equal(weight_of(pruned, layer).ne(0)));
  }
}

TEST(MatchScores, TakesLayerNormalizationAndProductsOfTokens) {
  Dataset data = gaussian_data({120, 30, 8}, 64);
  data.inputs = data.inputs.view({-1, 1, 8, 8});
  const Network dense = trained(data, "vit:2,16,2,4");
  const Network lost = with_lost_channels(dense);
  const Network matched = match_scores(dense, {lost}, data, {});
  EXPECT_LT(divergence(dense, matched, data), 0.7 * divergence(dense, lost, data));
}

TEST(Refined, ComesCloserThanMatchingAndKeepsTheZeros) {
  const Dataset data = pictures({300, 200, 200});
  // So much removed that matching leaves something to refine.
  for (const auto& [spec, share] :
       std::map<std::string, double>{{"mlp:24,16", 0.95}, {"cnn:4,6", 0.85}}) {
    const Network dense = trained(data, spec);
    const Network pruned = masked(dense, data, share);
    const auto [lessons, held_out] =
        stratified_split(data, 0.2, Random(0).stream("refine, held out"));
    const Network matched = finished({dense, pruned}, {.finish = "match"}, lessons);
    const Network network = finished({dense, pruned}, {.finish = "refine"}, data);
    EXPECT_LT(divergence(dense, network, data), 0.8 * divergence(dense, matched, data)) << spec;
    EXPECT_LT(divergence(dense, network, held_out), divergence(dense, matched, held_out)) << spec;
    for (const Layer& layer : prunable_layers(dense)) {
      EXPECT_TRUE(weight_of(network, layer).ne(0).equal(weight_of(pruned, layer).ne(0))) << spec;
    }
    for (const auto& [name, tensor] : network.initializers) {
      if (!name.ends_with(".mean") && !name.ends_with(".var")) continue;
      EXPECT_TRUE(tensor.equal(matched.initializers.at(name))) << "statistics stay: " << name;
    }
  }
}

TEST(Refined, SeesTheNoiseThatIsToBeExpected) {
  const Dataset data = pictures({300, 200, 200});
  const Network dense = trained(data, "cnn:4,6");
  const Network pruned = masked(dense, data, 0.85);
  const Network clean = refined({dense, pruned}, data, {});
  const Network noisy = refined({dense, pruned}, data, {.noise = 0.5});
  EXPECT_FALSE(noisy.initializers.at("conv1.weight").equal(clean.initializers.at("conv1.weight")));
  EXPECT_FALSE(noisy.initializers.at("conv1.weight").equal(pruned.initializers.at("conv1.weight")));
}

// Pictures that become brighter from left to right or from right to left, or with `mirrored` ones
// that are dark or bright.
Dataset gradients(bool mirrored) {
  Dataset data = gaussian_data({60, 60}, 36, 4);
  const at::Tensor rising = at::arange(6, at::kFloat) / 5;
  const at::Tensor first = mirrored ? rising * 0 : rising;
  const at::Tensor second = mirrored ? rising * 0 + 0.6 : rising.flip(0);
  const at::Tensor bright = data.labels.view({-1, 1, 1, 1}).eq(0);
  data.inputs = data.inputs.view({-1, 1, 6, 6}).abs() * 0.05;
  data.inputs = (data.inputs + at::where(bright, first, second)).clamp_(0, 1);
  data.range = {{0, 1}};
  return data;
}

TEST(KnownChanges, AreThoseWithWhichTheNetworkRecognisesAsMany) {
  for (const bool mirrored : {true, false}) {
    const Dataset data = gradients(mirrored);
    const std::vector<std::string> known = known_changes(trained(data, "cnn:8,8"), data);
    EXPECT_EQ(std::count(known.begin(), known.end(), "flip"), mirrored ? 1 : 0);
  }
  const Dataset data = gradients(true);
  EXPECT_TRUE(known_changes(trained(data, "mlp:8"), data).empty()) << "a perceptron";
}

TEST(Refined, LeavesTheDenseNetworkAlone) {
  const Dataset data = pictures({60, 40, 20});
  const Network dense = trained(data, "mlp:12");
  const Network same = refined({dense, dense}, data, {});
  EXPECT_LT(divergence(dense, same, data), 1e-3);
}

TEST(MatchScores, BearsSharedAndUnusedScalesAndScoresWithoutANumber) {
  const Dataset data = gaussian_data({40, 10}, 6);
  Network network = network_for(data, "mlp:8,8?batchnorm=true");
  for (Node& node : network.nodes) {
    if (node.name == "bn2") node.inputs[1] = "bn1.scale";
  }
  Node unused = *std::find_if(network.nodes.begin(), network.nodes.end(),
                              [](const Node& node) { return node.name == "bn2"; });
  unused.name = "bn3";
  unused.outputs = {"nobody"};
  network.nodes.insert(network.nodes.end() - 1, unused);
  Network pruned = clone(network);
  pruned.initializers.at("fc1.weight").slice(0, 0, 4).zero_();
  const Network matched = match_scores(network, {pruned}, data, {});
  EXPECT_LT(divergence(network, matched, data), divergence(network, pruned, data));

  pruned.initializers.at("head.bias").fill_(std::numeric_limits<float>::quiet_NaN());
  const Network broken = match_scores(network, {pruned}, data, {});
  EXPECT_TRUE(broken.initializers.at("bn1.scale").is_same(pruned.initializers.at("bn1.scale")));
}

TEST(MatchScores, RefusesPlacesThatAreNotTheSamplesOwn) {
  const Dataset data = gaussian_data({20, 5}, 6);
  Network network = network_for(data, "mlp:8?batchnorm=true");
  const auto bn = std::find_if(network.nodes.begin(), network.nodes.end(),
                               [](const Node& node) { return node.name == "bn1"; });
  const std::string output = bn->outputs.front();
  const Node folded{"Reshape", "", {bn->inputs.front(), "fold"}, {"folded"}, {}};
  const Node unfolded{"Reshape", "", {"normed", "unfold"}, {output}, {}};
  bn->inputs.front() = "folded";
  bn->outputs.front() = "normed";
  network.nodes.insert(network.nodes.insert(bn, folded) + 2, unfolded);
  network.initializers["fold"] = at::tensor(std::vector<int64_t>{-1, 4});
  network.initializers["unfold"] = at::tensor(std::vector<int64_t>{-1, 8});
  for (const std::string part : {"scale", "shift", "mean", "var"}) {
    at::Tensor& tensor = network.initializers.at("bn1." + part);
    tensor = tensor.slice(0, 0, 4).clone();
  }
  EXPECT_EQ(input_error([&] { match_scores(network, {network}, data, {}); }),
            "node 'bn1' (BatchNormalization): its first axis is not the samples', so it cannot be "
            "matched");
}

TEST(MatchScores, RefusesOperatorsWithoutGradients) {
  const Dataset data = gaussian_data({20, 5}, 6);
  const auto with_foreign = [&](const std::string& spec) {
    Network network = network_for(data, spec);
    for (Node& node : network.nodes) {
      if (node.op_type == "Relu") node.foreign = std::make_shared<Operator>();
    }
    return network;
  };
  const Network normed = with_foreign("mlp:8?batchnorm=true");
  EXPECT_EQ(
      input_error([&] { match_scores(normed, {normed}, data, {}); }),
      "node 'act1' (Relu): ONNX Runtime runs it without a gradient, so no scales and shifts can "
      "be matched");
}

TEST(MatchScores, RefusesScalesThatAreComputed) {
  const Dataset data = gaussian_data({20, 5}, 6);
  Network network = network_for(data, "mlp:8?batchnorm=true");
  const auto bn = std::find_if(network.nodes.begin(), network.nodes.end(),
                               [](const Node& node) { return node.name == "bn1"; });
  const Node computed{"Relu", "", {bn->inputs[1]}, {"computed"}, {}};
  bn->inputs[1] = "computed";
  network.nodes.insert(network.nodes.begin(), computed);
  EXPECT_EQ(input_error([&] { match_scores(network, {network}, data, {}); }),
            "node 'bn1' (BatchNormalization): its scale and shift are computed and cannot be "
            "matched");
}

TEST(Finished, MatchAndRefineChangeAnUnprunedNetworkOnlyForNoise) {
  const Dataset data = gaussian_data({60, 30, 12}, 6);
  const Network dense = trained(data, "mlp:12?batchnorm=true");
  const Network same = clone(dense);
  for (const std::string finish : {"match", "refine"}) {
    const auto changed = [&](double noise) {
      const Network network =
          finished({dense, same}, {.finish = finish, .metric = {.noise = noise}}, data);
      return std::count_if(network.initializers.begin(), network.initializers.end(),
                           [&](const auto& own) {
                             return !at::equal(own.second, dense.initializers.at(own.first));
                           });
    };
    EXPECT_EQ(changed(0), 0) << finish;
    EXPECT_GT(changed(0.5), 0) << finish;
  }
}

TEST(Finished, MatchAndRefineBringTheScoresOfWhatWasPrunedCloser) {
  // With half of the samples, matching on all of them gains more than refining on four fifths.
  const Dataset data = gaussian_data({320, 80, 16}, 6);
  const Network dense = trained(data, "mlp:24,16?batchnorm=true");
  for (const std::string method : {"surgeon", "magnitude-uniform"}) {
    Recipe recipe{.method = find_method(method), .share = 0.7};
    const auto left = [&](const std::string& finish) {
      recipe.finish = finish;
      return divergence(dense, prune(dense, data, recipe).network, data);
    };
    for (const std::string remove : {"weights", "units"}) {
      recipe.remove = remove;
      const double matched = left("match");
      const double refined = left("refine");
      for (const std::string other : {"keep", "recalibrate"}) {
        EXPECT_LT(matched, left(other)) << method << remove << other;
        EXPECT_LT(refined, left(other)) << method << remove << other;
      }
      // The finish alone, in one step: `prune` may remove in several.
      recipe.finish = "keep";
      const Network kept = prune(dense, data, recipe).network;
      const Network alone = finished({dense, kept}, {.finish = "refine"}, data);
      EXPECT_LE(divergence(dense, alone, data), 1.0001 * matched) << method << remove;
    }
  }
}

}  // namespace
}  // namespace ncprune
