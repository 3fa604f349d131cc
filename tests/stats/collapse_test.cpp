#include "ncprune/stats/collapse.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linalg_qr.h>
#include <ATen/ops/linalg_svd.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <limits>

#include "ncprune/base/error.h"
#include "tests/matrix.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

// Row c of `points`, which belongs to class c, repeated `copies[c]` times.
Dataset points_of(const std::vector<at::Tensor>& points, const std::vector<int64_t>& copies) {
  Dataset data;
  std::vector<at::Tensor> inputs;
  std::vector<at::Tensor> labels;
  for (size_t c = 0; c < points.size(); ++c) {
    inputs.push_back(points[c].repeat({copies[c], 1}));
    labels.push_back(at::full({inputs.back().size(0)}, static_cast<int64_t>(c), at::kLong));
    data.class_names.push_back(std::to_string(c));
  }
  data.inputs = at::cat(inputs).to(at::kFloat);
  data.labels = at::cat(labels);
  return data;
}

// Every class `counts[c]` times its row of `means`, and nothing around it.
Dataset collapsed(const at::Tensor& means, const std::vector<int64_t>& counts) {
  return points_of(means.split(1), counts);
}

// The features of `data` under a head of ones, where only they matter.
LayerCollapse features_of(const Dataset& data) {
  const at::Tensor weight = at::full({data.num_classes(), data.inputs.size(1)}, 1.0);
  return measure_collapse(head_alone(weight, at::zeros({data.num_classes()})), data).layers.back();
}

// K vectors of length `radius` around `offset` times ones, as far apart as can be; [K, d], d >= K.
at::Tensor simplex(int64_t k, int64_t d, double radius, double offset) {
  const auto n = static_cast<double>(k);
  return offset + radius * std::sqrt(n / (n - 1)) *
                      at::matmul(simplex_gram(k), at::eye(k, d, at::TensorOptions(at::kDouble)));
}

TEST(Collapse, SimplexWithIsotropicNoiseHasItsClosedForm) {
  for (const int64_t k : {2, 3, 10}) {
    SCOPED_TRACE(k);
    const int64_t d = k + 3;
    const double radius = 2;
    const double sigma = 0.5;
    const at::Tensor means = simplex(k, d, radius, 0.75);
    // Two samples a feature and class, whose covariance is sigma^2 I to the last digit.
    const at::Tensor steps =
        at::eye(d, at::TensorOptions(at::kDouble)) * (sigma * std::sqrt(static_cast<double>(d)));
    const at::Tensor noise = at::cat({steps, -steps});
    std::vector<at::Tensor> points;
    std::vector<int64_t> copies;
    for (int64_t c = 0; c < k; ++c) {
      points.push_back(means[c] + noise);
      copies.push_back(1 + (c % 3) * 4);  // frequent classes must not count more
    }
    const LayerCollapse found = features_of(points_of(points, copies));
    const auto n = static_cast<double>(k);
    const double within = sigma * sigma;
    const double between = radius * radius / (n - 1);  // S_B in each of K - 1 directions
    const double nc1 = within * (n - 1) * (n - 1) / (n * radius * radius);
    const auto all = static_cast<double>(d) * within;
    EXPECT_EQ(found.rank, k - 1);
    EXPECT_NEAR(found.nc1, nc1, 1e-6);
    for (const double own : found.class_nc1) EXPECT_NEAR(own, nc1, 1e-6);
    EXPECT_NEAR(found.trace_ratio, all / (radius * radius), 1e-6);
    EXPECT_NEAR(found.cdnv, all * (n - 1) / (2 * n * radius * radius), 1e-6);
    EXPECT_NEAR(found.worst_cdnv, found.cdnv, 1e-6);
    EXPECT_NEAR(found.vci, within / (within + between), 1e-6);
    EXPECT_NEAR(found.means.norm_variation, 0, 1e-6);
    EXPECT_NEAR(found.means.cosine_error, 0, 1e-6);
    EXPECT_NEAR(found.means.etf_distance, 0, 1e-6);
    for (const double variance : found.class_variance) EXPECT_NEAR(variance, all, 1e-5);
    for (const double length : found.class_length) EXPECT_NEAR(length, radius, 1e-6);
  }
}

TEST(Collapse, CollapsedFeaturesUnderTheMatchingHeadAreZeroEverywhere) {
  for (const int64_t k : {2, 3, 7}) {
    SCOPED_TRACE(k);
    const Dataset data =
        collapsed(simplex(k, k + 2, 1.5, 3), std::vector<int64_t>(static_cast<size_t>(k), 4));
    const Collapse found =
        measure_collapse(head_alone(simplex(k, k + 2, 0.1, 0), at::zeros({k})), data);
    const LayerCollapse& layer = found.layers.back();
    for (const double zero :
         {layer.nc1, layer.trace_ratio, layer.cdnv, layer.worst_cdnv, found.head.disagreement}) {
      EXPECT_EQ(zero, 0);
    }
    for (const double zero : {layer.vci, layer.means.norm_variation, layer.means.cosine_error,
                              layer.means.cosine_deviation, layer.means.etf_distance,
                              layer.means.seli_distance, found.head.self_duality,
                              found.head.weights.cosine_error, found.head.weights.seli_distance}) {
      EXPECT_NEAR(zero, 0, 1e-6);
    }
  }
}

TEST(Collapse, AHeadThatContradictsTheMeansDisagreesEverywhere) {
  const at::Tensor means = simplex(3, 4, 1, 0);
  const Dataset data = collapsed(means, {5, 1, 2});
  const HeadCollapse opposite = measure_collapse(head_alone(-means, at::zeros({3})), data).head;
  EXPECT_EQ(opposite.disagreement, 1);
  EXPECT_NEAR(opposite.self_duality, 2, 1e-6);
  // A bias that drags everything to class 1 agrees on that class alone: a third, over classes.
  const HeadCollapse dragged =
      measure_collapse(head_alone(means, doubles({0, 100, 0}, {3})), data).head;
  EXPECT_NEAR(dragged.disagreement, 2.0 / 3, 1e-12);
  EXPECT_EQ(dragged.class_disagreement, (std::vector<double>{1, 0, 1}));
}

TEST(Collapse, SeliGeometryIsAtDistanceZeroAndSolvesTheLabelMatrix) {
  const std::vector<int64_t> counts{50, 20, 1, 7};
  const at::Tensor root = doubles({50, 20, 1, 7}, {4}).sqrt();
  const auto [v, l, ut] = at::linalg_svd(simplex_gram(4) * root);
  const at::Tensor means = at::matmul(ut.t() / root.unsqueeze(1), l.sqrt().diag());
  const at::Tensor weight = at::matmul(v, l.sqrt().diag());
  // W M = I - 11^T/K is what the geometry interpolates.
  expect_near(at::matmul(weight, means.t()), Matrix(simplex_gram(4)), 1e-12);
  const Collapse found =
      measure_collapse(head_alone(weight, at::zeros({4})), collapsed(means + 0.5, counts));
  EXPECT_NEAR(found.layers.back().means.seli_distance, 0, 1e-6);
  EXPECT_NEAR(found.head.weights.seli_distance, 0, 1e-6);
  EXPECT_GT(found.layers.back().means.etf_distance, 0.3);
  EXPECT_GT(found.head.weights.etf_distance, 0.3);
  // The counts are the training set's, whatever is measured on.
  const Dataset balanced = collapsed(means, {1, 1, 1, 1});
  const Network network = head_alone(weight, at::zeros({4}));
  EXPECT_NEAR(measure_collapse(network, balanced, counts).layers[0].means.seli_distance, 0, 1e-6);
  EXPECT_GT(measure_collapse(network, balanced).layers[0].means.seli_distance, 0.3);
}

TEST(Collapse, IsInvariantWhereItMustBe) {
  const Dataset data = gaussian_data({30, 12, 5, 9}, 6);
  const LayerCollapse plain = features_of(data);
  const auto moved = [&](const at::Tensor& map, double shift) {
    Dataset other = data;
    other.inputs = (at::matmul(data.inputs.to(at::kDouble), map.t()) + shift).to(at::kFloat);
    return features_of(other);
  };
  const at::Tensor map = normal({6, 6}, 5);
  const LayerCollapse mapped = moved(map, 3);
  EXPECT_NEAR(mapped.vci, plain.vci, 1e-5);
  EXPECT_GT(std::abs(mapped.nc1 - plain.nc1), 1e-3) << "the map changes what it may";
  const LayerCollapse turned = moved(std::get<0>(at::linalg_qr(map)) * 7, -2);
  for (const auto& [a, b] : std::vector<std::pair<double, double>>{
           {turned.nc1, plain.nc1},
           {turned.trace_ratio, plain.trace_ratio},
           {turned.cdnv, plain.cdnv},
           {turned.worst_cdnv, plain.worst_cdnv},
           {turned.vci, plain.vci},
           {turned.means.norm_variation, plain.means.norm_variation},
           {turned.means.cosine_deviation, plain.means.cosine_deviation},
           {turned.means.cosine_error, plain.means.cosine_error},
           {turned.means.etf_distance, plain.means.etf_distance},
           {turned.means.seli_distance, plain.means.seli_distance}}) {
    EXPECT_NEAR(a, b, 1e-5);
  }
  EXPECT_NEAR(gram_distance(turned.gram, plain.gram), 0, 1e-6);
  EXPECT_EQ(turned.worst_pair, plain.worst_pair);
}

TEST(Collapse, WhatHasNoValueIsNotANumber) {
  // Activations of one constant, and a single class.
  const std::vector<Dataset> cases{collapsed(at::full({3, 4}, 0.0), {4, 1, 2}),
                                   collapsed(at::full({3, 4}, 0.1), {4, 1, 2}),
                                   gaussian_data({0, 5, 0}, 4), gaussian_data({9}, 4)};
  for (const Dataset& data : cases) {
    SCOPED_TRACE(&data - cases.data());
    const Collapse found = measure_collapse(
        head_alone(normal({data.num_classes(), 4}, 1), at::zeros({data.num_classes()})), data);
    const LayerCollapse& layer = found.layers.front();
    EXPECT_EQ(layer.rank, 0);
    EXPECT_EQ(layer.worst_pair.first, -1);
    for (const double none :
         {layer.nc1, layer.class_nc1[0], layer.trace_ratio, layer.cdnv, layer.worst_cdnv, layer.vci,
          layer.means.norm_variation, layer.means.cosine_error, layer.means.cosine_deviation,
          layer.means.etf_distance, layer.means.seli_distance, found.head.self_duality,
          found.head.disagreement, found.head.class_disagreement[0]}) {
      EXPECT_TRUE(std::isnan(none)) << none;
    }
  }
  EXPECT_THROW(features_of(gaussian_data({0, 0}, 4)), InputError);
}

TEST(Collapse, FeaturesThatOnlyRoundingMovesAreConstant) {
  Dataset data = gaussian_data({8, 3, 5}, 4);
  const LayerCollapse plain = features_of(data);
  const at::Tensor jitter = 1000 + 1e-4 * at::arange(16, at::kFloat).unsqueeze(1).remainder(3);
  data.inputs = at::cat({data.inputs, jitter, at::zeros({16, 1})}, 1);
  const LayerCollapse wider = features_of(data);
  EXPECT_NEAR(wider.vci, plain.vci, 1e-9);
  EXPECT_NEAR(wider.nc1, plain.nc1, 1e-9);
}

TEST(Collapse, ClassesWhoseMeansCoincideAreTheWorstPair) {
  const at::Tensor square = doubles({1, 0, -1, 0, 0, 1, 0, -1}, {4, 2});
  const at::Tensor far = doubles({5, 5}, {1, 2});
  const LayerCollapse found =
      features_of(points_of({square + 5 + 2, square, far, square}, {1, 2, 1, 1}));
  EXPECT_EQ(found.worst_cdnv, std::numeric_limits<double>::infinity());
  EXPECT_EQ(found.worst_pair, (std::pair<int64_t, int64_t>{1, 3}));
  EXPECT_TRUE(std::isfinite(found.nc1));
}

TEST(Collapse, MeansThatDifferByRoundingAloneCoincide) {
  // Thirds, which no double holds: their mean over eleven classes is not quite one of them.
  const at::Tensor centres = at::arange(1, 9, at::kDouble) / 5;
  const at::Tensor points = centres + doubles({0, 1, -0.5}, {3, 1});
  const LayerCollapse found = features_of(
      points_of(std::vector<at::Tensor>(11, points), {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}));
  EXPECT_EQ(found.rank, 0);
  EXPECT_TRUE(std::isnan(found.nc1) && std::isnan(found.vci) && std::isnan(found.trace_ratio));
  EXPECT_TRUE(std::isnan(found.means.etf_distance));
  EXPECT_EQ(found.cdnv, std::numeric_limits<double>::infinity());
}

TEST(Collapse, GramsOfNetworksOfDifferentWidthCompare) {
  const Dataset data = gaussian_data({20, 9, 4}, 5);
  const LayerCollapse plain = features_of(data);
  Dataset doubled = data;
  doubled.inputs = at::cat({data.inputs, data.inputs}, 1);
  EXPECT_NEAR(gram_distance(plain.gram, features_of(doubled).gram), 0, 1e-12);
  Dataset cut = data;
  cut.inputs = data.inputs.slice(1, 0, 2);
  const double distance = gram_distance(plain.gram, features_of(cut).gram);
  EXPECT_GT(distance, 0.01);
  EXPECT_LT(distance, std::sqrt(2));
}

TEST(Collapse, EveryLayerIsMeasuredOnItsActivation) {
  const Dataset data = gaussian_data({20, 9, 4}, 5);
  const Network network = network_for(data, "mlp:7,6,4?batchnorm=true");
  const Collapse found = measure_collapse(network, data);
  const std::vector<Layer> layers = prunable_layers(network);
  ASSERT_EQ(found.layers.size(), layers.size());
  for (size_t l = 0; l < layers.size(); ++l) {
    SCOPED_TRACE(layers[l].name);
    Dataset features = data;
    features.inputs = value_of(network, data, layers[l].activation);
    const LayerCollapse wanted = features_of(features);
    EXPECT_EQ(found.layers[l].layer, layers[l].name);
    EXPECT_NEAR(found.layers[l].nc1, wanted.nc1, 1e-6 * wanted.nc1);
    EXPECT_NEAR(gram_distance(found.layers[l].gram, wanted.gram), 0, 1e-6);
  }
}

}  // namespace
}  // namespace ncprune
