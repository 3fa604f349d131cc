// The layer problem against reference/layer_problem.py.
#include <gtest/gtest.h>

#include "ncprune/prune/reconstruction.h"
#include "tests/golden.h"
#include "tests/matrix.h"

namespace ncprune {
namespace {

class Golden : public testing::Test {
 protected:
  at::Tensor at(const std::string& key) const { return golden_tensor(golden_.at(key)); }

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

  Json golden_ = golden("layer_problem");
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
    expect_near(found.metric, Matrix(golden_tensor(wanted.at("metric"))), 1e-5);
    expect_near(found.cross, Matrix(golden_tensor(wanted.at("cross"))), 1e-5);
    expect_near(found.input_mean, Matrix(golden_tensor(wanted.at("input_mean"))), 1e-9);
    expect_near(found.target_mean, Matrix(golden_tensor(wanted.at("target_mean"))), 1e-9);
    const std::vector<double> pi = class_weights(class_counts(data), options().balance);
    expect_near(doubles(pi, {3}), Matrix(golden_tensor(wanted.at("pi"))), 1e-12);
  }
}

TEST_F(Golden, DampingAndExactRefitAreTheReferences) {
  for (const char* key : {"without_bias", "with_bias"}) {
    SCOPED_TRACE(key);
    const Json& wanted = golden_.at(key);
    LayerMoments moments;
    moments.metric = golden_tensor(wanted.at("metric"));
    moments.cross = golden_tensor(wanted.at("cross"));
    const LayerProblem problem = LayerProblem::of(moments, at("weight"), options().damping);
    expect_near(problem.metric, Matrix(golden_tensor(wanted.at("damped_metric"))), 1e-12);
    expect_near(problem.cross, Matrix(golden_tensor(wanted.at("damped_cross"))), 1e-12);
    expect_near(least_squares(problem, at("mask").to(at::kBool)),
                Matrix(golden_tensor(wanted.at("solution"))), 1e-9);
  }
}

}  // namespace
}  // namespace ncprune
