// Repairs that average over samples, against their published formulas.
#include <ATen/ops/equal.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/linalg_inv.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <gtest/gtest.h>

#include "ncprune/prune/prune.h"
#include "tests/matrix.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

// Classes of very different sizes: averages over classes would be others.
Dataset unequal_data() {
  return gaussian_data({80, 17, 3}, 8);
}

Pruned half_of_the_units(const std::string& method, const Network& dense, const Dataset& data) {
  return prune(dense, data,
               {.method = find_method(method), .remove = "units", .share = 0.5, .finish = "keep"});
}

// A network whose units go from one layer: nothing before its reader changes.
struct OneHiddenLayer {
  Dataset data = unequal_data();
  Network dense = network_for(data, "mlp:9");
  at::Tensor activations = value_of(dense, data, head_layer(dense).input).to(at::kDouble);
  at::Tensor weight = dense.initializers.at("head.weight").to(at::kDouble);  // [3, 9]
  at::Tensor bias = dense.initializers.at("head.bias").to(at::kDouble);
};

struct Parts {
  at::Tensor kept;
  at::Tensor removed;
};

Parts parts_of(const at::Tensor& kept, int64_t units) {
  at::Tensor removed = at::ones({units}, at::kBool);
  return {kept, removed.index_fill_(0, kept, false).nonzero().flatten()};
}

at::Tensor block(const at::Tensor& matrix, const at::Tensor& rows, const at::Tensor& columns) {
  return matrix.index_select(0, rows).index_select(1, columns);
}

// (a + r I)^-1.
at::Tensor ridge_inverse(const at::Tensor& a, double r) {
  return at::linalg_inv(a + r * at::eye(a.size(0), a.options()));
}

void expect_head(const Network& pruned, const at::Tensor& weight, const at::Tensor& bias) {
  expect_near(pruned.initializers.at("head.weight"), Matrix(weight), 1e-5);
  expect_near(pruned.initializers.at("head.bias"), Matrix(bias), 1e-5);
}

TEST(Corp, RemovedUnitsAreAffineFunctionsOfTheRemainingOnes) {
  const OneHiddenLayer net;
  const Pruned pruned = half_of_the_units("corp", net.dense, net.data);
  const auto [s, p] = parts_of(pruned.kept.front(), 9);
  ASSERT_EQ(p.numel(), 4);
  const at::Tensor mean = net.activations.mean(0);
  const at::Tensor centred = net.activations - mean;
  const at::Tensor covariance =
      at::matmul(centred.t(), centred) / static_cast<double>(net.data.size());
  const double r = MetricOptions{}.damping * covariance.diagonal().mean().item<double>();
  // x_P = B x_S + c; W_S + W_P B; b + W_P c.
  const at::Tensor b =
      at::matmul(block(covariance, p, s), ridge_inverse(block(covariance, s, s), r));
  const at::Tensor c = mean.index_select(0, p) - at::matmul(b, mean.index_select(0, s));
  const at::Tensor of_removed = net.weight.index_select(1, p);
  expect_head(pruned.network, net.weight.index_select(1, s) + at::matmul(of_removed, b),
              net.bias + at::matmul(of_removed, c));
}

TEST(Vbp, TheNextBiasAbsorbsTheMeansOfTheUnitsThatVaryLeast) {
  const OneHiddenLayer net;
  const Pruned pruned = half_of_the_units("vbp", net.dense, net.data);
  const auto [s, p] = parts_of(pruned.kept.front(), 9);
  const at::Tensor variance = net.activations.var(0, /*unbiased=*/false);
  EXPECT_LE(variance.index_select(0, p).max().item<double>(),
            variance.index_select(0, s).min().item<double>());
  const at::Tensor mean = net.activations.mean(0).index_select(0, p);
  expect_head(pruned.network, net.weight.index_select(1, s),
              net.bias + at::matmul(net.weight.index_select(1, p), mean));
}

TEST(Grail, TheRemainingUnitsReconstructAllUnitsByTheirGramMatrix) {
  const OneHiddenLayer net;
  const Pruned pruned = half_of_the_units("grail", net.dense, net.data);
  const at::Tensor& s = pruned.kept.front();
  const at::Tensor gram =
      at::matmul(net.activations.t(), net.activations) / static_cast<double>(net.data.size());
  const double r = 1e-3 * gram.diagonal().mean().item<double>();
  const at::Tensor b = at::matmul(gram.index_select(1, s), ridge_inverse(block(gram, s, s), r));
  expect_head(pruned.network, at::matmul(net.weight, b), net.bias);
}

TEST(Grail, AChannelIsReconstructedAlikeAtEveryPositionOfTheKernel) {
  Dataset images = unequal_data();
  images.inputs = images.inputs.view({-1, 2, 2, 2});
  const Network dense = network_for(images, "cnn:6,5?batchnorm=false");
  const Pruned pruned = half_of_the_units("grail", dense, images);
  const at::Tensor& s = pruned.kept.front();
  ASSERT_EQ(s.numel(), 3);
  const std::vector<Layer> layers = prunable_layers(dense);
  const at::Tensor channels =
      value_of(dense, images, layers.at(1).input).to(at::kDouble).transpose(0, 1).flatten(1);
  // Every position of an image of 2 x 2 is read by four positions of the kernel, 3 x 3.
  const at::Tensor gram = at::matmul(channels, channels.t()) / static_cast<double>(images.size());
  const double r = 1e-3 * gram.diagonal().mean().item<double>();
  const at::Tensor b = at::matmul(gram.index_select(1, s), ridge_inverse(block(gram, s, s), r));
  const at::Tensor weight = dense.initializers.at("conv2.weight").to(at::kDouble);
  const at::Tensor wanted = at::matmul(weight.permute({0, 2, 3, 1}), b).permute({0, 3, 1, 2});
  const at::Tensor kept_rows = wanted.index_select(0, pruned.kept.at(1));
  expect_near(pruned.network.initializers.at("conv2.weight").flatten(1),
              Matrix(kept_rows.flatten(1)), 1e-4);
  EXPECT_TRUE(pruned.network.initializers.at("conv2.bias")
                  .equal(dense.initializers.at("conv2.bias").index_select(0, pruned.kept.at(1))));
}

TEST(PlainRepairs, DoNotDependOnTheRecipesBalance) {
  const OneHiddenLayer net;
  for (const std::string method : {"corp", "vbp", "grail"}) {
    Recipe recipe{.method = find_method(method), .remove = "units", .share = 0.5};
    const Network balanced = prune(net.dense, net.data, recipe).network;
    recipe.metric.balance = 0;
    const Network weighted = prune(net.dense, net.data, recipe).network;
    for (const auto& [name, tensor] : balanced.initializers) {
      EXPECT_TRUE(at::equal(tensor, weighted.initializers.at(name))) << method << " " << name;
    }
  }
}

}  // namespace
}  // namespace ncprune
