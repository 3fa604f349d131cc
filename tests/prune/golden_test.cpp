// The layer problem against reference/layer_problem.py.
#include <gtest/gtest.h>

#include "ncprune/prune/reconstruction.h"
#include "tests/golden_file.h"
#include "tests/matrix.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

class Golden : public testing::Test {
 protected:
  // A vector or a matrix of numbers; double.
  static at::Tensor tensor(const Json& json) {
    if (!json.front().is_array()) {
      return doubles(json.get<std::vector<double>>(), {static_cast<int64_t>(json.size())});
    }
    std::vector<double> values;
    for (const Json& row : json) {
      for (const Json& value : row) {
        values.push_back(value.is_boolean() ? value.get<bool>() : value.get<double>());
      }
    }
    const auto rows = static_cast<int64_t>(json.size());
    return doubles(values, {rows, static_cast<int64_t>(values.size()) / rows});
  }

  at::Tensor at(const std::string& key) const { return tensor(golden_.at(key)); }

  MetricOptions options() const {
    const Json& json = golden_.at("options");
    return {json.at("kappa"), json.at("balance"), json.at("shrinkage"), json.at("damping")};
  }

  // input -> 'first' -> 'layer' -> 'head', without activations; `first` is the first weight.
  Network network(const at::Tensor& first, bool bias) const {
    Network result;
    result.input = {"input", {-1, 5}};
    result.output = {"logits", {-1, 3}};
    result.initializers = {{"first.weight", first.to(at::kFloat)},
                           {"layer.weight", at("weight").to(at::kFloat)},
                           {"layer.bias", at("bias").to(at::kFloat)},
                           {"head.weight", floats({1, 0, 0, 0, 1, 0, 0, 0, 1}, {3, 3})}};
    const std::map<std::string, Attribute> transposed{{"transB", int64_t{1}}};
    std::vector<std::string> inputs{"x", "layer.weight"};
    if (bias) inputs.emplace_back("layer.bias");
    result.nodes = {{"Gemm", "first", {"input", "first.weight"}, {"x"}, transposed},
                    {"Gemm", "layer", inputs, {"z"}, transposed},
                    {"Gemm", "head", {"z", "head.weight"}, {"logits"}, transposed}};
    return result;
  }

  Json golden_ = golden_file("layer_problem");
};

TEST_F(Golden, MeasuredMomentsAreTheReferences) {
  const Dataset data{at("inputs").to(at::kFloat), at("labels").to(at::kLong), {"a", "b", "c"}, {}};
  for (const bool bias : {false, true}) {
    SCOPED_TRACE(bias);
    const Json& wanted = golden_.at(bias ? "with_bias" : "without_bias");
    const Network dense = network(at("first_dense"), bias);
    Network pruned = dense;
    pruned.initializers["first.weight"] = at("first_pruned").to(at::kFloat);
    const std::vector<Layer> layers{linear_layers(dense).at(1)};
    const LayerMoments found = measure_moments({dense, pruned}, layers, data, options()).front();
    expect_near(found.metric, Matrix(tensor(wanted.at("metric"))), 1e-5);
    expect_near(found.cross, Matrix(tensor(wanted.at("cross"))), 1e-5);
    expect_near(found.input_mean, Matrix(tensor(wanted.at("input_mean"))), 1e-9);
    expect_near(found.target_mean, Matrix(tensor(wanted.at("target_mean"))), 1e-9);
    const std::vector<double> pi = class_weights(class_counts(data), options().balance);
    expect_near(doubles(pi, {3}), Matrix(tensor(wanted.at("pi"))), 1e-12);
  }
}

TEST_F(Golden, DampingAndExactRefitAreTheReferences) {
  for (const char* key : {"without_bias", "with_bias"}) {
    SCOPED_TRACE(key);
    const Json& wanted = golden_.at(key);
    LayerMoments moments;
    moments.metric = tensor(wanted.at("metric"));
    moments.cross = tensor(wanted.at("cross"));
    const LayerProblem problem = LayerProblem::of(moments, at("weight"), options().damping);
    expect_near(problem.metric, Matrix(tensor(wanted.at("damped_metric"))), 1e-12);
    expect_near(problem.cross, Matrix(tensor(wanted.at("damped_cross"))), 1e-12);
    expect_near(least_squares(problem, at("mask").to(at::kBool)),
                Matrix(tensor(wanted.at("solution"))), 1e-9);
  }
}

}  // namespace
}  // namespace ncprune
