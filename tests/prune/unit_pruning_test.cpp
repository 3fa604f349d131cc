#include "ncprune/prune/prune.h"

#include <ATen/ops/allclose.h>
#include <gtest/gtest.h>

#include "tests/data/input_error.h"
#include "tests/matrix.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

Pruned prune_with(const Recipe& recipe, const Network& dense, const Dataset& data) {
  return prune(dense, data, recipe);
}

Recipe recipe_for(const std::string& method, double share, const std::string& remove = "units") {
  return {.method = find_method(method), .remove = remove, .share = share};
}

// With BatchNormalization that does something.
Network with_norm(Network network) {
  for (auto& [name, tensor] : network.initializers) {
    if (!name.starts_with("bn")) continue;
    tensor = normal(tensor.sizes(), name.size()).to(at::kFloat);
    if (name.ends_with(".var")) tensor = tensor.square() + 0.5;
  }
  return network;
}

const Dataset& data() {
  static const Dataset dataset = gaussian_data({60, 25, 4, 1}, 8);
  return dataset;
}

TEST(PruneUnits, TheSmallerNetworkIsTheMaskedOneWhateverHoldsTheWeights) {
  const Network plain = network_for(data(), "mlp:12,10");
  for (const auto& [name, dense] : std::map<std::string, Network>{
           {"Gemm", plain},
           {"no bias", network_for(data(), "mlp:12,10?bias=false")},
           {"sigmoid, which makes something of nothing",
            network_for(data(), "mlp:12,10?activation=sigmoid")},
           {"BatchNormalization", with_norm(network_for(data(), "mlp:12,10?batchnorm=true"))},
           {"MatMul and Add", as_matmul(plain)}}) {
    for (const std::string method : {"surgeon", "l1-norm", "magnitude", "fisher-ratio"}) {
      for (const std::string repair : {"none", "own", "least-squares"}) {
        SCOPED_TRACE(testing::Message() << name << ", " << method << ", repair " << repair);
        Recipe recipe = recipe_for(method, 0.6);
        recipe.method.repair = repair;
        recipe.finish = "keep";  // `masked` is from before the finish
        const Pruned pruned = prune_with(recipe, dense, data());
        validate(pruned.network, "pruned");
        EXPECT_LE(pruned.shrinkage->difference, 1e-5);
        const at::Tensor inputs = 3 * normal({50, 8}, 4).to(at::kFloat);
        const at::Tensor scores = logits(pruned.shrinkage->masked, inputs);
        EXPECT_TRUE(at::allclose(logits(pruned.network, inputs), scores, 1e-4, 1e-4));
        // The masked one has the dense one's shapes, and all that belongs to a unit that went is 0.
        const std::vector<Layer> layers = linear_layers(dense);
        for (size_t l = 0; l + 1 < layers.size(); ++l) {
          const at::Tensor& kept = pruned.kept[l];
          const at::Tensor columns = weight_of(pruned.shrinkage->masked, layers[l + 1]);
          const at::Tensor rows = weight_of(pruned.shrinkage->masked, layers[l]);
          ASSERT_EQ(rows.sizes(), weight_of(dense, layers[l]).sizes());
          EXPECT_EQ(kept.numel(), l == 0 ? 5 : 4);
          for (int64_t j = 0; j < rows.size(0); ++j) {
            const bool stays = kept.eq(j).any().item<bool>();
            EXPECT_EQ(rows[j].ne(0).any().item<bool>(), stays);
            EXPECT_EQ(columns.select(1, j).ne(0).any().item<bool>(), stays);
          }
          EXPECT_EQ(weight_of(pruned.network, layers[l]).size(0), kept.numel());
          EXPECT_EQ(weight_of(pruned.network, layers[l + 1]).size(1), kept.numel());
        }
      }
    }
  }
}

TEST(PruneUnits, StoredEitherWayTheSameUnitsGo) {
  const Network plain = network_for(data(), "mlp:12,10");
  for (const std::string method : {"surgeon", "l2-norm"}) {
    const Recipe recipe = recipe_for(method == "l2-norm" ? "neuron-norm" : method, 0.5);
    const Pruned one = prune_with(recipe, plain, data());
    const Pruned other = prune_with(recipe, as_matmul(plain), data());
    for (size_t l = 0; l < one.layers.size(); ++l) {
      EXPECT_TRUE(one.kept[l].equal(other.kept[l]));
    }
    EXPECT_TRUE(at::allclose(logits(one.network, data().inputs),
                             logits(other.network, data().inputs), 1e-3, 1e-4));
  }
}

TEST(PruneUnits, RemovesTheUnitsThatScoreLeast) {
  Network dense = network_for(data(), "mlp:4,3");
  dense.initializers.at("fc1.weight") = floats({1, 3, 0.5, 2}, {4, 1}).expand({4, 8}).contiguous();
  dense.initializers.at("fc2.weight") = floats({-1, 2, 1}, {3, 1}).expand({3, 4}).contiguous();
  const Network before = clone(dense);
  Recipe recipe = recipe_for("l1-norm", 0.5);
  const Pruned pruned = prune_with(recipe, dense, data());
  expect_near(pruned.kept[0], Matrix(doubles({1, 3}, {2})), 0);
  // The lower index of equals is removed first; 1.5 units are rounded up.
  expect_near(pruned.kept[1], Matrix(doubles({1, 2}, {2})), 0);
  // Nothing is repaired: what stays is as it was.
  for (const auto& [name, tensor] : before.initializers) {
    EXPECT_TRUE(dense.initializers.at(name).equal(tensor)) << name;
  }
  const at::Tensor kept = pruned.kept[0];
  EXPECT_TRUE(pruned.network.initializers.at("fc1.weight")
                  .equal(before.initializers.at("fc1.weight").index_select(0, kept)));
  EXPECT_TRUE(pruned.network.initializers.at("fc1.bias")
                  .equal(before.initializers.at("fc1.bias").index_select(0, kept)));
}

TEST(PruneUnits, RemovingNothingChangesNothing) {
  const Network dense = network_for(data(), "mlp:12,10");
  for (const std::string method : {"surgeon", "l1-norm"}) {
    for (const std::string budget : {"units", "parameters", "macs"}) {
      const Pruned pruned = prune_with(recipe_for(method, 0, budget), dense, data());
      EXPECT_EQ(pruned.shrinkage->after.parameters, pruned.shrinkage->before.parameters);
      EXPECT_TRUE(at::allclose(logits(pruned.network, data().inputs), logits(dense, data().inputs),
                               1e-3, 1e-4));
    }
  }
}

int64_t cost_by(const std::string& budget, const NetworkCost& cost) {
  return budget == "macs" ? cost.macs : cost.parameters;
}

TEST(PruneUnits, KeepsMultiplesWhereAnyUnitGoes) {
  const Network dense = network_for(data(), "mlp:21,12,7");
  for (const std::string budget : {"units", "parameters", "macs"}) {
    SCOPED_TRACE(budget);
    Recipe recipe = recipe_for("surgeon", 0.6, budget);
    recipe.round_to = 4;
    const Pruned pruned = prune_with(recipe, dense, data());
    for (const PrunedLayer& layer : pruned.layers) {
      EXPECT_TRUE(layer.kept == layer.before || layer.kept % 4 == 0) << layer.name;
    }
    EXPECT_LT(pruned.shrinkage->after.macs, pruned.shrinkage->before.macs / 2);
  }
  Recipe recipe = recipe_for("surgeon", 0.5);
  recipe.round_to = 0;
  EXPECT_NE(input_error([&] { require_valid(recipe); }).find("multiples of 0"), std::string::npos);
}

TEST(PruneUnits, ReachesItsBudgetAndStopsThere) {
  for (const std::string spec : {"mlp:20,12,7", "mlp:20,12,7?bias=false&batchnorm=true"}) {
    const Network dense = with_norm(network_for(data(), spec));
    for (const std::string method : {"surgeon", "l1-norm", "cic"}) {
      for (const std::string budget : {"parameters", "macs"}) {
        for (const double sparsity : {0.2, 0.5, 0.8}) {
          SCOPED_TRACE(testing::Message()
                       << spec << ", " << method << ", " << budget << " " << sparsity);
          const Pruned pruned = prune_with(recipe_for(method, sparsity, budget), dense, data());
          const auto before = static_cast<double>(cost_by(budget, cost(dense)));
          const auto after = static_cast<double>(cost_by(budget, cost(pruned.network)));
          EXPECT_EQ(cost_by(budget, pruned.shrinkage->after),
                    cost_by(budget, cost(pruned.network)));
          EXPECT_EQ(cost_by(budget, pruned.shrinkage->before), cost_by(budget, cost(dense)));
          EXPECT_LE(after, (1 - sparsity) * before);
          // The last unit to go has at most 20 weights in, 12 out, a bias or four vectors.
          EXPECT_GT(after + 20 + 12 + 4, (1 - sparsity) * before);
        }
      }
    }
  }
}

TEST(PruneUnits, EveryLayerKeepsAUnit) {
  const Network dense = network_for(data(), "mlp:12,3");
  for (const std::string method : {"surgeon", "l1-norm"}) {
    for (const std::string budget : {"units", "parameters", "macs"}) {
      testing::internal::CaptureStderr();
      const Pruned pruned = prune_with(recipe_for(method, 0.999, budget), dense, data());
      const std::string said = testing::internal::GetCapturedStderr();
      for (const PrunedLayer& layer : pruned.layers) {
        EXPECT_EQ(layer.kept, 1) << method << " " << budget << " " << layer.name;
      }
      EXPECT_EQ(said.find("wanted 99.9 %") != std::string::npos, budget != "units") << said;
    }
  }
}

// mlp:12,8,6 whose second layer adds its own input to its output.
Network with_skip() {
  Network network = network_for(data(), "mlp:12,12,6");
  network.nodes.insert(network.nodes.begin() + producer(network, "act2.out"),
                       {"Add", "skip", {"fc2.out", "act1.out"}, {"sum"}, {}});
  network.nodes[static_cast<size_t>(producer(network, "act2.out"))].inputs.front() = "sum";
  return network;
}

TEST(PruneUnits, OfASumLeaveTogether) {
  const Network dense = with_skip();
  for (const std::string method : {"surgeon", "l1-norm"}) {
    for (const std::string budget : {"units", "macs"}) {
      const Recipe recipe = recipe_for(method, 0.5, budget);
      const Pruned pruned = prune_with(recipe, dense, data());
      ASSERT_EQ(pruned.layers.size(), 3);
      EXPECT_TRUE(pruned.kept[0].equal(pruned.kept[1]));
      EXPECT_LT(pruned.kept[0].numel(), 12);
      if (budget != "units") continue;
      EXPECT_EQ(pruned.kept[2].numel(), 3);
    }
  }
}

TEST(ApplyUnits, RefusesToTakeAUnitFromOneOfTheLayersThatAreAdded) {
  const Network dense = with_skip();
  const Recipe recipe = recipe_for("surgeon", 0.5);
  const Pruned pruned = prune_with(recipe, dense, data());
  std::vector<at::Tensor> kept = pruned.kept;
  const Pruned again = apply(dense, kept, data(), recipe);
  EXPECT_TRUE(logits(again.network, data().inputs).equal(logits(pruned.network, data().inputs)));
  kept[1] = kept[1].slice(0, 1);
  EXPECT_EQ(input_error([&] { apply(dense, kept, data(), recipe); }),
            "units of layer 'fc2' can only be removed together with those of the layers it is "
            "joined with");
}

TEST(PruneUnits, NamesTheLayersWhoseUnitsCannotGo) {
  Network soft = network_for(data(), "mlp:12,6");
  soft.nodes.insert(soft.nodes.begin() + producer(soft, "act1.out"),
                    {"Softmax", "soft", {"fc1.out"}, {"between"}, {}});
  soft.nodes[static_cast<size_t>(producer(soft, "act1.out"))].inputs.front() = "between";
  const Pruned pruned = prune_with(recipe_for("surgeon", 0.5), soft, data());
  ASSERT_EQ(pruned.layers.size(), 2);
  EXPECT_EQ(pruned.layers[0].reason, "Softmax 'soft' reads its units");
  EXPECT_EQ(pruned.kept[0].numel(), 12);
  EXPECT_EQ(pruned.layers[1].reason, "");
  EXPECT_EQ(pruned.kept[1].numel(), 3);
}

TEST(PruneUnits, TakesChannelsFromConvolutions) {
  Dataset images = gaussian_data({30, 20, 5}, 2 * 6 * 6);
  images.inputs = images.inputs.view({-1, 2, 6, 6});
  const Network dense = network_for(images, "cnn:6,8,12");
  for (const std::string method : {"surgeon", "l1-norm", "taylor-fo", "scatter-drop", "slimming"}) {
    for (const std::string budget : {"units", "parameters", "macs"}) {
      SCOPED_TRACE(method + " " + budget);
      const Pruned pruned = prune_with(recipe_for(method, 0.5, budget), dense, images);
      EXPECT_LE(pruned.shrinkage->difference, 1e-5);
      EXPECT_LT(pruned.shrinkage->after.macs, pruned.shrinkage->before.macs);
      const auto before = static_cast<double>(cost_by(budget, pruned.shrinkage->before));
      const auto after = static_cast<double>(cost_by(budget, pruned.shrinkage->after));
      // A unit of the widest layer is worth a tenth of the network.
      if (budget == "units") continue;
      EXPECT_NEAR(after / before, 0.5, 0.1);
    }
  }
}

TEST(PruneUnits, RefusesANetworkNoneOfWhoseUnitsCanGo) {
  Network stuck = network_for(data(), "mlp:5");
  stuck.nodes.insert(stuck.nodes.begin() + producer(stuck, "act1.out"),
                     {"Softmax", "soft", {"fc1.out"}, {"between"}, {}});
  stuck.nodes[static_cast<size_t>(producer(stuck, "act1.out"))].inputs.front() = "between";
  EXPECT_EQ(input_error([&] { prune_with(recipe_for("surgeon", 0.5), stuck, data()); }),
            "no layer's units can be removed: 'fc1': Softmax 'soft' reads its units");
}

TEST(PruneUnits, RefusesPatternsOfSingleWeightsAndUnknownThingsToRemove) {
  for (const std::string pattern : {"2:4", "block:2x2"}) {
    Recipe recipe = recipe_for("magnitude", 0.5);
    recipe.method.pattern = pattern;
    EXPECT_EQ(input_error([&] { require_valid(recipe); }),
              "pattern " + pattern + " chooses weights, not units");
  }
  EXPECT_EQ(input_error([&] { require_valid(recipe_for("surgeon", 0.5, "watts")); }),
            "unknown quantity to remove 'watts'; known: macs, parameters, units, weights");
}

// How far the class scores moved: a sum over classes of averages over samples.
double balanced_error(const Network& dense, const Network& pruned) {
  const at::Tensor moved = logits(pruned, data().inputs) - logits(dense, data().inputs);
  double sum = 0;
  for (int64_t c = 0; c < data().num_classes(); ++c) {
    sum += moved.index_select(0, class_indices(data(), c)).square().sum(1).mean().item<double>();
  }
  return sum;
}

TEST(PruneUnits, TheSurgeonsScoresAreNearerToTheDenseThanRepairedNorms) {
  double surgeon = 0;
  double norms = 0;
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    const Network dense = network_for(data(), "mlp:24,16", seed);
    Recipe repaired = recipe_for("l1-norm", 0.7);
    repaired.method.repair = "least-squares";
    surgeon += balanced_error(dense, prune_with(recipe_for("surgeon", 0.7), dense, data()).network);
    norms += balanced_error(dense, prune_with(repaired, dense, data()).network);
  }
  EXPECT_LT(surgeon, 0.8 * norms);
}

}  // namespace
}  // namespace ncprune
