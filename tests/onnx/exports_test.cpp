// Files as other programs write them.
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "ncprune/base/file.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/model/layers.h"
#include "ncprune/onnx/onnx.h"
#include "tests/onnx/model_builder.h"

namespace ncprune {
namespace {

const std::string kFiles = NCPRUNE_SOURCE_DIR "/tests/onnx/files/";

at::Tensor raw_floats(const std::string& path, int64_t columns) {
  std::string bytes = read_file(path);
  return at::from_blob(bytes.data(), {static_cast<int64_t>(bytes.size() / sizeof(float))},
                       at::kFloat)
      .clone()
      .reshape({-1, columns});
}

class TorchExport : public testing::TestWithParam<const char*> {};

// files/make_files.py wrote the networks, inputs and scores with PyTorch.
TEST_P(TorchExport, GivesPyTorchsScores) {
  const std::string stem = kFiles + GetParam();
  const Network network = read_onnx(stem + ".onnx");
  const at::Tensor inputs = raw_floats(stem + ".inputs.f32", 12);
  const at::Tensor expected = raw_floats(stem + ".scores.f32", 3);
  EXPECT_EQ(network.output.shape, (std::vector<int64_t>{-1, 3}));
  EXPECT_TRUE(
      at::allclose(value_of_all(network, network.output.name, inputs), expected, 1e-5, 1e-6));
  const Network again = parse_onnx(onnx_bytes(network), "again");
  EXPECT_TRUE(at::equal(logits(network, inputs), logits(again, inputs)));
}

INSTANTIATE_TEST_SUITE_P(Files, TorchExport,
                         testing::Values("bias", "no_bias", "batchnorm_kept", "batchnorm_folded",
                                         "equal_weights", "dropout_kept", "opset9", "opset17",
                                         "fixed_batch", "reshape", "convolutions9",
                                         "convolutions11", "convolutions13", "convolutions17",
                                         "attention9", "attention11", "attention13",
                                         "attention17"));

// Values that PyTorch computes from shapes, at any operator set, are known when the file is read.
TEST(TorchExport, OnlyTheBatchStaysComputed) {
  for (const char* opset : {"9", "11", "13", "17"}) {
    const Network network = read_onnx(kFiles + "convolutions" + opset + ".onnx");
    EXPECT_EQ(network.opset, 17);
    for (const Node& node : network.nodes) {
      EXPECT_NE(node.op_type, "Div") << node.label();
      EXPECT_NE(node.op_type, "Cast") << node.label();
      EXPECT_NE(node.op_type, "ConstantOfShape") << node.label();
    }
  }
}

TEST(TorchExport, EqualWeightsAreTwoLayersAgain) {
  const Network network = read_onnx(kFiles + "equal_weights.onnx");
  const std::vector<Layer> layers = linear_layers(network);
  ASSERT_EQ(layers.size(), 3U);
  EXPECT_NE(layers[0].weight, layers[1].weight);
  EXPECT_FALSE(layers[0].bias.empty());
  EXPECT_FALSE(layers[1].bias.empty());
  const at::Tensor& first = network.initializers.at(layers[0].weight);
  const at::Tensor& second = network.initializers.at(layers[1].weight);
  EXPECT_TRUE(at::equal(first, second));
  EXPECT_NE(first.data_ptr(), second.data_ptr());
}

TEST(TorchExport, LayersAreFoundWhereTheWeightIsStoredTheOtherWay) {
  const Network network = read_onnx(kFiles + "no_bias.onnx");
  const std::vector<Layer> layers = linear_layers(network);
  ASSERT_EQ(layers.size(), 2U);
  EXPECT_FALSE(layers[0].transposed);
  EXPECT_EQ(weight_of(network, layers[0]).sizes(), (std::vector<int64_t>{6, 12}));
}

at::Tensor expected_small() {  // small_model() on ones: the columns' sums, and the bias
  return at::tensor({0.25F, 0.875F, 1.5F}).reshape({1, 3});
}

at::Tensor scores_of(const ModelBuilder& model) {
  return logits(parse_onnx(model.bytes(), "test"), at::ones({1, 4}));
}

TEST(Exports, MatMulAndAdd) {
  ModelBuilder model(13);
  model.input("x", {-1, 4})
      .output("scores", {-1, 3})
      .weight("w", {4, 3}, -0.5F)
      .weight("b", {3}, 0);
  model.node("MatMul", {"x", "w"}, {"xw"});
  model.node("Add", {"b", "xw"}, {"scores"});
  EXPECT_TRUE(at::equal(scores_of(model), expected_small()));
  const Layer head = head_layer(parse_onnx(model.bytes(), "test"));
  EXPECT_EQ(head.bias, "b");
}

TEST(Exports, InitializersListedAsInputs) {
  ModelBuilder model = small_model();
  model.model.set_ir_version(3);
  model.input("w", {4, 3}).input("b", {3});
  EXPECT_TRUE(at::equal(scores_of(model), expected_small()));
}

TEST(Exports, ConstantsBecomeInitializers) {
  ModelBuilder model(13);
  model.input("x", {-1, 4}).output("scores", {-1, 3}).weight("b", {3}, 0);
  onnx::AttributeProto& value = *model.node("Constant", {}, {"w"}).add_attribute();
  value.set_name("value");
  value.set_type(onnx::AttributeProto::TENSOR);
  ModelBuilder::fill(*value.mutable_t(), "", {4, 3}, -0.5F);
  model.node("Gemm", {"x", "w", "b"}, {"scores"});
  const Network network = parse_onnx(model.bytes(), "test");
  EXPECT_EQ(network.nodes.size(), 1U);
  EXPECT_TRUE(network.initializers.contains("w"));
  EXPECT_TRUE(at::equal(scores_of(model), expected_small()));
}

TEST(Exports, ConstantShapesAndNumbers) {
  ModelBuilder model(13);
  model.input("x", {-1, 2, 2})
      .output("scores", {-1, 3})
      .weight("w", {4, 3}, -0.5F)
      .weight("b", {3}, 0);
  onnx::AttributeProto& shape = *model.node("Constant", {}, {"shape"}).add_attribute();
  shape.set_name("value_ints");
  shape.set_type(onnx::AttributeProto::INTS);
  for (const int64_t size : {-1, 4}) shape.add_ints(size);
  onnx::AttributeProto& ratio = *model.node("Constant", {}, {"ratio"}).add_attribute();
  ratio.set_name("value_float");
  ratio.set_type(onnx::AttributeProto::FLOAT);
  ratio.set_f(0.25F);
  model.node("Reshape", {"x", "shape"}, {"flat"});
  model.node("Dropout", {"flat", "ratio"}, {"kept", "mask"});
  model.node("Gemm", {"kept", "w", "b"}, {"scores"});
  const Network network = parse_onnx(model.bytes(), "test");
  EXPECT_EQ(network.initializers.at("ratio").item<float>(), 0.25F);
  EXPECT_TRUE(at::equal(scores_of(model), expected_small()));
}

TEST(Exports, RenamedInitializersGetATensorOfTheirOwn) {
  ModelBuilder model(13);
  model.input("x", {-1, 4})
      .output("scores", {-1, 3})
      .weight("w", {4, 3}, -0.5F)
      .weight("zero", {3}, 0);
  model.node("Identity", {"zero"}, {"b"});
  model.node("Identity", {"b"}, {"c"});
  model.node("Gemm", {"x", "w", "c"}, {"scores"});
  const Network network = parse_onnx(model.bytes(), "test");
  EXPECT_EQ(network.nodes.size(), 1U);
  EXPECT_EQ(network.initializers.size(), 2U);
  EXPECT_TRUE(at::equal(scores_of(model), expected_small()));
}

// Exporters fold what they can or leave it: both must give the same network.
TEST(Exports, OmittedAndEmptyOptionalInputsAreTheSameInFoldedNodes) {
  for (const Names& bounds : {Names{}, Names{"low"}, Names{"low", ""}, Names{"", "high"},
                              Names{"low", "high"}, Names{"", ""}}) {
    ModelBuilder model = small_model();
    model.weight("low", {}, -100).weight("high", {}, 100);
    model.graph().mutable_node(0)->set_input(1, "clipped");
    Names inputs{"w"};
    inputs.insert(inputs.end(), bounds.begin(), bounds.end());
    model.node("Clip", inputs, {"clipped"});
    std::swap(*model.graph().mutable_node(0), *model.graph().mutable_node(1));
    EXPECT_EQ(parse_onnx(model.bytes(), "test").nodes.size(), 1U);
    EXPECT_TRUE(at::equal(scores_of(model), expected_small())) << bounds.size();
  }
}

TEST(Exports, TrainingModesAreSwitchedOff) {
  ModelBuilder model = small_model(15);
  model.graph().mutable_node(0)->set_output(0, "y");
  for (const char* name : {"scale", "shift", "mean", "var"}) model.weight(name, {3}, 1);
  onnx::NodeProto& norm = model.node("BatchNormalization", {"y", "scale", "shift", "mean", "var"},
                                     {"normed", "new_mean", "new_var"});
  set_integer(norm, "training_mode", 1);
  onnx::TensorProto& on = *model.graph().add_initializer();
  on.set_name("on");
  on.set_data_type(onnx::TensorProto::BOOL);
  on.add_int32_data(1);
  model.node("Dropout", {"normed", "", "on"}, {"scores", "mask"});
  const Network network = parse_onnx(onnx_bytes(parse_onnx(model.bytes(), "test")), "again");
  EXPECT_FALSE(network.initializers.contains("on"));
  EXPECT_FALSE(network.nodes[1].attributes.contains("training_mode"));
  EXPECT_EQ(network.nodes[1].outputs, Names{"normed"});
  EXPECT_EQ(network.nodes[2].outputs, Names{"scores"});
}

TEST(Exports, OnlyTheFirstOutputIsKept) {
  ModelBuilder model = small_model();
  model.output("more", {-1, 3});
  model.node("NonMaxSuppression", {"x"}, {"more"});
  testing::internal::CaptureStderr();
  const Network network = parse_onnx(model.bytes(), "test");
  EXPECT_NE(testing::internal::GetCapturedStderr().find("left out: more"), std::string::npos);
  EXPECT_EQ(network.nodes.size(), 1U);
}

TEST(Exports, OutputShapeComesFromARun) {
  ModelBuilder model = small_model();
  model.graph().clear_output();
  model.graph().add_output()->set_name("scores");
  EXPECT_EQ(parse_onnx(model.bytes(), "test").num_classes(), 3);
}

TEST(Exports, SoftmaxOfOldFilesHasItsAxisWritten) {
  ModelBuilder model = small_model(9);
  model.graph().mutable_output(0)->set_name("p");
  model.node("Softmax", {"scores"}, {"p"});
  const Network network = parse_onnx(model.bytes(), "test");
  EXPECT_EQ(network.nodes.back().integer("axis", 0), -1);
  EXPECT_EQ(logits_value(network), "scores");
}

TEST(Exports, EveryStorageOfATensor) {
  using Proto = onnx::TensorProto;
  for (const auto type : {Proto::DOUBLE, Proto::INT64, Proto::INT32, Proto::INT16, Proto::INT8,
                          Proto::UINT8, Proto::BOOL, Proto::FLOAT16, Proto::BFLOAT16}) {
    ModelBuilder model = small_model();
    model.graph().mutable_node(0)->set_output(0, "y");
    // Dropout's ratio is not looked at here: it may be anything.
    model.node("Dropout", {"y", "ratio"}, {"scores"});
    Proto& ratio = *model.graph().add_initializer();
    ratio.set_name("ratio");
    ratio.set_data_type(type);
    ratio.add_dims(2);
    for (int i = 0; i < 2; ++i) {
      if (type == Proto::DOUBLE) ratio.add_double_data(i);
      if (type == Proto::INT64) ratio.add_int64_data(i);
      if (type != Proto::DOUBLE && type != Proto::INT64) ratio.add_int32_data(i);
    }
    const at::Tensor typed = parse_onnx(model.bytes(), "test").initializers.at("ratio");
    if (type != Proto::FLOAT16 && type != Proto::BFLOAT16) {
      EXPECT_TRUE(at::equal(typed, at::tensor({0, 1}).to(typed.scalar_type()))) << type;
    }
    const std::string raw(static_cast<const char*>(typed.data_ptr()), typed.nbytes());
    ratio.clear_double_data();
    ratio.clear_int64_data();
    ratio.clear_int32_data();
    ratio.set_raw_data(raw);
    EXPECT_TRUE(at::equal(typed, parse_onnx(model.bytes(), "test").initializers.at("ratio")));
  }
}

TEST(Exports, WeightsBesideTheFile) {
  const std::string folder = testing::TempDir() + "ncprune_external/";
  std::filesystem::create_directories(folder);
  ModelBuilder model = small_model();
  onnx::TensorProto& weight = *model.graph().mutable_initializer(0);
  const std::string bytes(reinterpret_cast<const char*>(weight.float_data().data()), 48);
  weight.clear_float_data();
  weight.set_data_location(onnx::TensorProto::EXTERNAL);
  const auto add = [&](const char* key, const char* value) {
    auto& entry = *weight.add_external_data();
    entry.set_key(key);
    entry.set_value(value);
  };
  add("location", "weights.bin");
  add("offset", "16");
  add("length", "48");
  write_file(folder + "weights.bin", std::string(16, 'x') + bytes + "rest");
  write_file(folder + "model.onnx", model.bytes());
  EXPECT_TRUE(
      at::equal(logits(read_onnx(folder + "model.onnx"), at::ones({1, 4})), expected_small()));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace ncprune
