// What older operator sets say differently is held, run and written as set 17 says it.
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/softmax.h>
#include <gtest/gtest.h>

#include "ncprune/model/interpreter.h"
#include "ncprune/onnx/onnx.h"
#include "tests/onnx/model_builder.h"

namespace ncprune {
namespace {

void set_integers(onnx::NodeProto& node, const std::string& name,
                  const std::vector<int64_t>& values) {
  onnx::AttributeProto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(onnx::AttributeProto::INTS);
  attribute.mutable_ints()->Assign(values.begin(), values.end());
}

void set_float(onnx::NodeProto& node, const std::string& name, float value) {
  onnx::AttributeProto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(onnx::AttributeProto::FLOAT);
  attribute.set_f(value);
}

void integer_weight(ModelBuilder& model, const std::string& name,
                    const std::vector<int64_t>& values) {
  onnx::TensorProto& tensor = *model.graph().add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(onnx::TensorProto::INT64);
  tensor.add_dims(static_cast<int64_t>(values.size()));
  for (const int64_t value : values) tensor.add_int64_data(value);
}

// x [N, shape...] -> what `add` puts between "x" and "y" -> scores [N, all of y]
template <typename Add>
ModelBuilder around(int64_t opset, const std::vector<int64_t>& shape, Add add) {
  ModelBuilder model(opset);
  std::vector<int64_t> input{-1};
  input.insert(input.end(), shape.begin(), shape.end());
  model.input("x", input).output("scores", {-1, -1});
  add(model);
  model.node("Flatten", {"y"}, {"scores"});
  return model;
}

at::Tensor counting(const std::vector<int64_t>& shape) {
  return at::arange(c10::multiply_integers(shape), at::kFloat).reshape(shape);
}

// The scores, which the file that is written gives as well; writing asks ONNX's own checker.
at::Tensor scores_of(const ModelBuilder& model, const at::Tensor& x) {
  const at::NoGradGuard no_grad;
  const Network network = parse_onnx(model.bytes(), "old");
  EXPECT_EQ(network.opset, 17);
  const Network again = parse_onnx(onnx_bytes(network), "again");
  const at::Tensor scores = run(network, x, {network.output.name}).front();
  EXPECT_TRUE(run(again, x, {again.output.name}).front().equal(scores));
  return scores;
}

void expect_scores(const ModelBuilder& model, const at::Tensor& x, const at::Tensor& wanted) {
  EXPECT_TRUE(at::allclose(scores_of(model, x), wanted.flatten(1))) << scores_of(model, x);
}

TEST(Upgrade, AttributesBecomeInputs) {
  const at::Tensor x = counting({2, 3, 4});
  expect_scores(around(9, {3, 4},
                       [](ModelBuilder& model) {
                         onnx::NodeProto& node = model.node("Clip", {"x"}, {"y"});
                         set_float(node, "min", 2);
                         set_float(node, "max", 9.5);
                       }),
                x, x.clamp(2, 9.5));
  expect_scores(around(9, {3, 4},
                       [](ModelBuilder& model) {
                         onnx::NodeProto& node = model.node("Slice", {"x"}, {"y"});
                         set_integers(node, "axes", {2});
                         set_integers(node, "starts", {1});
                         set_integers(node, "ends", {-1});
                       }),
                x, x.slice(2, 1, 3));
  expect_scores(around(12, {3, 4},
                       [](ModelBuilder& model) {
                         onnx::NodeProto& node = model.node("ReduceSum", {"x"}, {"y"});
                         set_integers(node, "axes", {1});
                       }),
                x, x.sum(1));
  expect_scores(around(11, {3, 4},
                       [](ModelBuilder& model) {
                         set_integers(model.node("Unsqueeze", {"x"}, {"a"}), "axes", {0, 2});
                         set_integers(model.node("Squeeze", {"a"}, {"b"}), "axes", {0});
                         onnx::NodeProto& split = model.node("Split", {"b"}, {"c", "d"});
                         set_integer(split, "axis", 3);
                         set_integers(split, "split", {1, 3});
                         model.node("Add", {"c", "d"}, {"y"});
                       }),
                x, x.slice(2, 0, 1) + x.slice(2, 1, 4));
  expect_scores(around(10, {3, 4},
                       [](ModelBuilder& model) {
                         onnx::NodeProto& node = model.node("Pad", {"x"}, {"a"});
                         set_integers(node, "pads", {0, 0, 1, 0, 0, 0});
                         set_float(node, "value", 7);
                         set_float(model.node("Dropout", {"a"}, {"y"}), "ratio", 0.25F);
                       }),
                x, at::constant_pad_nd(x, {1, 0}, 7));
}

TEST(Upgrade, UpsampleIsResize) {
  const at::Tensor x = counting({1, 1, 2, 2});
  const at::Tensor doubled = x.repeat_interleave(2, 2).repeat_interleave(2, 3);
  for (const int64_t opset : {9, 10}) {
    expect_scores(around(opset, {1, 2, 2},
                         [&](ModelBuilder& model) {
                           onnx::TensorProto& scales = *model.graph().add_initializer();
                           scales.set_name("scales");
                           scales.set_data_type(onnx::TensorProto::FLOAT);
                           scales.add_dims(4);
                           for (const float scale : {1.0F, 1.0F, 2.0F, 2.0F})
                             scales.add_float_data(scale);
                           model.node(opset == 9 ? "Upsample" : "Resize", {"x", "scales"}, {"y"});
                         }),
                  x, doubled);
  }
}

TEST(Upgrade, SoftmaxOfTwoFlattenedAxes) {
  const at::Tensor x = counting({2, 3, 4}) / 8;
  for (const int64_t axis : {1, 2, -1}) {
    const at::Tensor wanted =
        axis == 1 ? at::softmax(x.flatten(1), 1) : at::softmax(x, 2).flatten(1);
    expect_scores(around(11, {3, 4},
                         [&](ModelBuilder& model) {
                           set_integer(model.node("Softmax", {"x"}, {"y"}), "axis", axis);
                         }),
                  x, wanted);
  }
  // Left out, the axis was 1.
  expect_scores(
      around(11, {3, 4}, [](ModelBuilder& model) { model.node("Softmax", {"x"}, {"y"}); }), x,
      at::softmax(x.flatten(1), 1));
}

TEST(Upgrade, TheClosingSoftmaxStaysOneNode) {
  ModelBuilder model = small_model(9);
  model.graph().mutable_node(0)->set_output(0, "z");
  model.node("Softmax", {"z"}, {"scores"});
  const Network network = parse_onnx(model.bytes(), "old");
  ASSERT_EQ(network.nodes.size(), 2U);
  EXPECT_EQ(logits_value(network), "z");
}

TEST(Fold, WhatNeedsNoInputIsComputedOnce) {
  ModelBuilder model(13);
  model.input("x", {-1, 4}).output("scores", {-1, 3}).weight("w", {3, 4}, -0.5F);
  set_integers(model.node("Transpose", {"w"}, {"turned"}), "perm", {1, 0});
  model.node("Exp", {"turned"}, {"weight"});
  model.node("MatMul", {"x", "weight"}, {"scores"});
  const Network network = parse_onnx(model.bytes(), "test");
  ASSERT_EQ(network.nodes.size(), 1U);
  EXPECT_EQ(network.initializers.size(), 1U);
  const at::Tensor& weight = network.initializers.at("weight");
  EXPECT_TRUE(weight.is_contiguous());
  EXPECT_TRUE(at::allclose(weight, (counting({3, 4}) / 8 - 0.5).t().exp()));
}

// PyTorch's x.view(x.size(0), x.size(1) * x.size(2)): a Reshape to [-1, 12].
TEST(Fold, ShapesAreKnownButForTheBatch) {
  ModelBuilder model(13);
  model.input("x", {-1, 3, 4}).output("scores", {-1, 12});
  for (const int64_t i : {0, 1, 2}) {
    const std::string name = "i" + std::to_string(i);
    integer_weight(model, name, {i});
    model.node("Shape", {"x"}, {"shape" + name});
    model.node("Gather", {"shape" + name, name}, {"size" + name});
  }
  model.node("Mul", {"sizei1", "sizei2"}, {"features"});
  model.node("Concat", {"sizei0", "features"}, {"wanted"});
  set_integer(*model.graph().mutable_node(model.graph().node_size() - 1), "axis", 0);
  model.node("Reshape", {"x", "wanted"}, {"scores"});
  const Network network = parse_onnx(model.bytes(), "test");
  ASSERT_EQ(network.nodes.size(), 1U);
  EXPECT_TRUE(network.initializers.at(network.nodes[0].inputs[1]).equal(at::tensor({-1, 12})));
  const at::Tensor x = counting({5, 3, 4});
  EXPECT_TRUE(run(network, x, {"scores"}).front().equal(x.flatten(1)));
}

TEST(Fold, InfiniteMasksStayComputed) {
  ModelBuilder model = small_model();
  model.graph().mutable_node(0)->set_output(0, "z");
  model.weight("zero", {3}, 0);
  model.node("Log", {"zero"}, {"mask"});  // log(0), log(1/8), log(1/4)
  model.node("Add", {"z", "mask"}, {"scores"});
  const Network network = parse_onnx(model.bytes(), "test");
  EXPECT_EQ(network.nodes.size(), 3U);
  EXPECT_EQ(parse_onnx(onnx_bytes(network), "again").nodes.size(), 3U);
}

}  // namespace
}  // namespace ncprune
