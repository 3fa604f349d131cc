#include "ncprune/prune/unit_merging.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <limits>
#include <map>

#include "ncprune/prune/prune.h"
#include "tests/matrix.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

using Cluster = std::vector<int64_t>;

// The sum of squared distances to the mean of the cluster.
double spread(const Matrix& weights, const Cluster& units) {
  double sum = 0;
  for (int64_t f = 0; f < weights.columns(); ++f) {
    double mean = 0;
    for (const int64_t j : units) mean += weights(j, f) / static_cast<double>(units.size());
    for (const int64_t j : units) sum += (weights(j, f) - mean) * (weights(j, f) - mean);
  }
  return sum;
}

struct Merger {
  int64_t removed;
  double cost;
};

// Tries every pair in every step, with the sums computed anew; `clusters` are what is left, each
// by its lowest unit.
std::vector<Merger> merge_naively(const Matrix& weights, int64_t count,
                                  std::map<int64_t, Cluster>& clusters) {
  for (int64_t j = 0; j < weights.rows(); ++j) clusters[j] = {j};
  std::vector<Merger> steps;
  for (int64_t step = 0; step < count; ++step) {
    double least = std::numeric_limits<double>::infinity();
    std::pair<int64_t, int64_t> best;
    for (const auto& [i, first] : clusters) {
      for (const auto& [j, second] : clusters) {
        if (j <= i) continue;
        Cluster both = first;
        both.insert(both.end(), second.begin(), second.end());
        const double cost =
            spread(weights, both) - spread(weights, first) - spread(weights, second);
        if (cost < least) {
          least = cost;
          best = {i, j};
        }
      }
    }
    Cluster& joined = clusters.at(best.first);
    const Cluster& other = clusters.at(best.second);
    joined.insert(joined.end(), other.begin(), other.end());
    clusters.erase(best.second);
    steps.push_back({best.second, least});
  }
  return steps;
}

TEST(MergeOrder, MergesThePairThatRaisesTheSpreadLeastInEveryStep) {
  for (const auto& [units, features] :
       std::vector<std::pair<int64_t, int64_t>>{{1, 3}, {2, 1}, {9, 4}, {23, 7}}) {
    for (uint64_t seed = 0; seed < 4; ++seed) {
      const at::Tensor weights = normal({units, features}, seed);
      std::map<int64_t, Cluster> clusters;
      const std::vector<Merger> wanted = merge_naively(Matrix(weights), units - 1, clusters);
      const UnitOrder found = merge_order(weights, units - 1);
      ASSERT_EQ(found.units.size(), wanted.size());
      for (size_t step = 0; step < wanted.size(); ++step) {
        EXPECT_EQ(found.units[step], wanted[step].removed) << "step " << step;
        EXPECT_NEAR(found.costs[step], wanted[step].cost, 1e-9);
      }
      EXPECT_EQ(merge_order(weights, units).units.back(), 0);
    }
  }
}

TEST(MergeOrder, TiesGoToTheLowerIndices) {
  const at::Tensor weights = doubles({0, 1, 2, 3}, {4, 1});
  EXPECT_EQ(merge_order(weights, 3).units, (std::vector<int64_t>{1, 3, 2}));
}

TEST(MergedWith, GivesTheClustersOfTheUnitsThatTheOrderLeft) {
  constexpr int64_t kUnits = 17;
  for (uint64_t seed = 0; seed < 5; ++seed) {
    const at::Tensor weights = normal({kUnits, 3}, seed);
    for (const int64_t count : {0, 1, 8, 14, 16}) {
      std::map<int64_t, Cluster> clusters;
      merge_naively(Matrix(weights), count, clusters);
      std::vector<int64_t> kept;
      std::vector<double> wanted(kUnits);
      for (const auto& [name, units] : clusters) {
        kept.push_back(name);
        for (const int64_t j : units) wanted[static_cast<size_t>(j)] = static_cast<double>(name);
      }
      const at::Tensor found = merged_with(weights, at::tensor(kept, at::kLong));
      expect_near(found, Matrix(doubles(wanted, {kUnits})), 0);
    }
  }
}

TEST(MergedWith, NeverMergesTwoUnitsThatAreKept) {
  const at::Tensor weights = doubles({0, 0.1, 5, 5.2, 9}, {5, 1});
  // 0 and 1 are the most similar, but both stay.
  const at::Tensor found = merged_with(weights, at::tensor({0, 1, 3}, at::kLong));
  expect_near(found, Matrix(doubles({0, 1, 3, 3, 3}, {5})), 0);
}

Recipe folding(double share) {
  return {
      .method = find_method("model-folding"), .remove = "units", .share = share, .finish = "keep"};
}

const Dataset& data() {
  static const Dataset dataset = gaussian_data({60, 25, 4}, 8);
  return dataset;
}

TEST(ModelFolding, AClusterIsItsMeanAndIsReadWithTheSumOfItsColumns) {
  const Network dense = network_for(data(), "mlp:12,10");
  const Pruned pruned = prune(dense, data(), folding(0.5));
  const Matrix rows1(dense.initializers.at("fc1.weight"));
  const Matrix bias1(dense.initializers.at("fc1.bias"));
  const Matrix rows2(dense.initializers.at("fc2.weight"));
  const Matrix bias2(dense.initializers.at("fc2.bias"));
  const Matrix head(dense.initializers.at("head.weight"));
  // A unit's weights: its row, its bias, and its column in the next layer.
  const auto clusters_of = [](const Matrix& rows, const Matrix& bias, const Matrix& next) {
    Matrix weights(rows.rows(), rows.columns() + 1 + next.rows());
    for (int64_t j = 0; j < rows.rows(); ++j) {
      for (int64_t f = 0; f < rows.columns(); ++f) weights(j, f) = rows(j, f);
      weights(j, rows.columns()) = bias(0, j);
      for (int64_t i = 0; i < next.rows(); ++i) weights(j, rows.columns() + 1 + i) = next(i, j);
    }
    std::map<int64_t, Cluster> clusters;
    merge_naively(weights, rows.rows() / 2, clusters);
    return clusters;
  };
  const std::map<int64_t, Cluster> first = clusters_of(rows1, bias1, rows2);
  const std::map<int64_t, Cluster> second = clusters_of(rows2, bias2, head);
  Matrix wanted(5, 6);  // of fc2
  Matrix wanted_bias(1, 5);
  int64_t i = 0;
  for (const auto& [row_name, row_units] : second) {
    int64_t j = 0;
    const auto size = static_cast<double>(row_units.size());
    for (const auto& [column_name, column_units] : first) {
      for (const int64_t r : row_units) {
        for (const int64_t c : column_units) wanted(i, j) += rows2(r, c) / size;
      }
      ++j;
    }
    for (const int64_t r : row_units) wanted_bias(0, i) += bias2(0, r) / size;
    EXPECT_EQ(pruned.kept.at(1)[i].item<int64_t>(), row_name);
    ++i;
  }
  expect_near(pruned.network.initializers.at("fc2.weight"), wanted, 1e-6);
  expect_near(pruned.network.initializers.at("fc2.bias"), wanted_bias, 1e-6);
}

// `network` in which the units of the upper half of every listed tensor's rows repeat the lower
// half, as do the columns that read them.
void repeat_half(at::Tensor& tensor, int64_t axis) {
  const at::Tensor half = tensor.chunk(2, axis).front();
  tensor = at::cat({half, half}, axis).contiguous();
}

TEST(ModelFolding, OfUnitsThatRepeatEachOtherChangesNothing) {
  Dataset images = gaussian_data({30, 20, 5}, 2 * 6 * 6);
  images.inputs = images.inputs.view({-1, 2, 6, 6});
  Network dense = network_for(images, "cnn:6,8");
  for (auto& [name, tensor] : dense.initializers) {
    if (!name.starts_with("bn")) continue;
    tensor = normal(tensor.sizes(), name.size()).to(at::kFloat);
    if (name.ends_with(".var")) tensor = tensor.square() + 0.5;
  }
  for (auto& [name, tensor] : dense.initializers) {
    if (name.starts_with("conv") || name.starts_with("bn")) repeat_half(tensor, 0);
    if (name == "conv2.weight" || name == "head.weight") repeat_half(tensor, 1);
  }
  const Pruned pruned = prune(dense, images, folding(0.5));
  EXPECT_EQ(pruned.kept.at(0).numel(), 3);
  EXPECT_EQ(pruned.kept.at(1).numel(), 4);
  EXPECT_TRUE(at::allclose(logits(pruned.network, images.inputs), logits(dense, images.inputs),
                           1e-4, 1e-5));
}

// Two layers whose outputs are added: a unit is a row of both.
TEST(ModelFolding, MergesTheUnitsOfASumInAllLayersThatMakeThem) {
  Network dense = network_for(data(), "mlp:12,12,6");
  dense.nodes.insert(dense.nodes.begin() + producer(dense, "act2.out"),
                     {"Add", "skip", {"fc2.out", "act1.out"}, {"sum"}, {}});
  dense.nodes[static_cast<size_t>(producer(dense, "act2.out"))].inputs.front() = "sum";
  for (const char* name : {"fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"}) {
    repeat_half(dense.initializers.at(name), 0);
  }
  for (const char* name : {"fc2.weight", "fc3.weight"}) {
    repeat_half(dense.initializers.at(name), 1);
  }
  Recipe recipe = folding(0.5);
  const Pruned pruned = prune(dense, data(), recipe);
  EXPECT_TRUE(pruned.kept.at(0).equal(pruned.kept.at(1)));
  EXPECT_EQ(pruned.kept.at(0).numel(), 6);
  // fc3's own units are no repetitions; what reads the sum is exact.
  const Layer reader = prunable_layers(dense).at(2);
  const at::Tensor wanted = value_of(dense, data(), reader.input);
  const at::Tensor found = value_of(pruned.network, data(), reader.input);
  EXPECT_TRUE(at::allclose(found, wanted.index_select(1, pruned.kept.at(0)), 1e-4, 1e-5));
}

TEST(ModelFolding, AppliedAgainGivesTheSameNetwork) {
  const Network dense = network_for(data(), "mlp:12,10?batchnorm=true");
  const Pruned pruned = prune(dense, data(), folding(0.6));
  const Pruned again = apply(dense, pruned.kept, data(), folding(0.6));
  for (const auto& [name, tensor] : pruned.network.initializers) {
    EXPECT_TRUE(at::equal(tensor, again.network.initializers.at(name))) << name;
  }
}

}  // namespace
}  // namespace ncprune
