// Kinds of networks as exporters write them: the same scores in both runtimes, whole and pruned.
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "ncprune/model/interpreter.h"
#include "ncprune/prune/prune.h"
#include "ncprune/runtime/onnx_runtime.h"
#include "tests/onnx/graph_of_nodes.h"
#include "tests/onnx/model_builder.h"

namespace ncprune {
namespace {

using Integers = std::vector<int64_t>;

at::Tensor samples_of(const Network& network, int64_t count = 24) {
  Integers shape = network.input.shape;
  shape.front() = count;
  return normal(shape, 9).to(at::kFloat);
}

void expect_the_same_in_onnx_runtime(const Network& network, const std::string& bytes) {
  const at::NoGradGuard no_grad;
  const at::Tensor inputs = samples_of(network);
  const at::Tensor ours = run(network, inputs, {network.output.name}).front();
  const at::Tensor theirs = OnnxRuntimeSession(bytes, 1).run({inputs}).front();
  EXPECT_TRUE(at::allclose(ours, theirs, 1e-4, 1e-5)) << (ours - theirs).abs().max();
}

Pruned pruned(const Network& network, const std::string& remove) {
  Dataset data;
  data.inputs = samples_of(network);
  data.labels = at::arange(24, at::kLong).remainder(3);
  data.class_names = {"a", "b", "c"};
  Recipe recipe{.method = find_method("magnitude"), .share = 0.4};
  recipe.remove = remove;
  return prune(network, data, recipe);
}

// Reads the file, prunes it both ways, and compares every file with ONNX Runtime. Returns how many
// layers lost units.
int64_t layers_that_lose_units(const std::string& bytes) {
  const Network network = parse_onnx(bytes, "export.onnx");
  expect_the_same_in_onnx_runtime(network, bytes);
  const Pruned sparse = pruned(network, "weights");
  EXPECT_NEAR(sparse.removed, 0.4, 0.05);
  expect_the_same_in_onnx_runtime(sparse.network, onnx_bytes(sparse.network));
  const Pruned smaller = pruned(network, "units");
  expect_the_same_in_onnx_runtime(smaller.network, onnx_bytes(smaller.network));
  return std::count_if(smaller.layers.begin(), smaller.layers.end(), [](const PrunedLayer& layer) {
    return layer.kept < layer.before && layer.reason.empty();
  });
}

class ExporterKind : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!onnx_runtime_problem().empty()) GTEST_SKIP() << onnx_runtime_problem();
  }
};

TEST_F(ExporterKind, KerasWithTransposesAroundEveryConvolution) {
  GraphOfNodes graph({6, 6, 2}, 13);
  std::string value = "x";
  for (const auto& [in, out] : {std::pair<int64_t, int64_t>{2, 6}, {6, 8}}) {
    value = graph.add("Transpose", {value}, {{"perm", Integers{0, 3, 1, 2}}});
    value = graph.add("Conv", {value, graph.weight({out, in, 3, 3})},
                      {{"auto_pad", std::string("SAME_UPPER")}, {"strides", Integers{2, 2}}});
    value = graph.normalise(value, out);
    value = graph.add("Transpose", {value}, {{"perm", Integers{0, 2, 3, 1}}});
    value = graph.add("Relu", {graph.add("Add", {value, graph.weight({out})})});
  }
  value = graph.add("ReduceMean", {value}, {{"axes", Integers{1, 2}}, {"keepdims", int64_t{1}}});
  value = graph.add("Squeeze", {value, graph.integers({1, 2})});
  value = graph.add("Relu", {graph.dense(value, 8, 7)});
  EXPECT_EQ(layers_that_lose_units(graph.bytes(graph.add("Softmax", {graph.dense(value, 7, 3)}))),
            3);
}

TEST_F(ExporterKind, KerasThatFlattensChannelsLast) {
  GraphOfNodes graph({6, 6, 2}, 13);
  const std::string first = graph.add("Transpose", {"x"}, {{"perm", Integers{0, 3, 1, 2}}});
  std::string value = graph.add("Conv", {first, graph.weight({5, 2, 3, 3}), graph.weight({5})});
  value = graph.add("MaxPool", {graph.add("Relu", {value})},
                    {{"kernel_shape", Integers{2, 2}}, {"strides", Integers{2, 2}}});
  value = graph.add("Transpose", {value}, {{"perm", Integers{0, 2, 3, 1}}});
  value = graph.add("Reshape", {value, graph.integers({-1, 20})});
  value = graph.add("Relu", {graph.dense(value, 20, 7)});
  EXPECT_EQ(layers_that_lose_units(graph.bytes(graph.dense(value, 7, 3))), 2);
}

TEST_F(ExporterKind, ConvolutionsOverOneAndThreeAxes) {
  for (const size_t axes : {size_t{1}, size_t{3}}) {
    Integers sample{2};
    Integers kernel{6, 2};
    sample.resize(1 + axes, 6);
    kernel.resize(2 + axes, 3);
    const Integers twos(axes, 2);
    GraphOfNodes graph(sample);
    std::string value = graph.add("Conv", {"x", graph.weight(kernel), graph.weight({6})},
                                  {{"pads", Integers(2 * axes, 1)}});
    value = graph.add("Relu", {graph.normalise(value, 6)});
    value = graph.add("MaxPool", {value}, {{"kernel_shape", twos}, {"strides", twos}});
    kernel[0] = 5;
    kernel[1] = 6;
    value = graph.add("Relu", {graph.add("Conv", {value, graph.weight(kernel)})});
    value = graph.add("Flatten", {graph.add("GlobalAveragePool", {value})});
    EXPECT_EQ(layers_that_lose_units(graph.bytes(graph.dense(value, 5, 3))), 2) << axes;
  }
}

// Until operator set 17 the axes are an attribute, from 18 on an input.
TEST_F(ExporterKind, PoolingByReductions) {
  for (const char* reduction : {"ReduceMean", "ReduceMax", "ReduceMin", "ReduceSum", "ReduceL2"}) {
    for (const int64_t opset : {17, 18}) {
      GraphOfNodes graph({2, 5, 5}, opset);
      std::vector<std::string> inputs{graph.add("Conv", {"x", graph.weight({6, 2, 3, 3})})};
      std::map<std::string, Attribute> attributes{{"keepdims", int64_t{0}}};
      const bool is_input = opset > 17 || reduction == std::string("ReduceSum");
      if (is_input) {
        inputs.push_back(graph.integers({2, -1}));
      } else {
        attributes["axes"] = Integers{2, -1};
      }
      const std::string value = graph.add(reduction, inputs, attributes);
      EXPECT_EQ(layers_that_lose_units(graph.bytes(graph.dense(value, 6, 3))), 1) << reduction;
    }
  }
}

// Lists of strings, such as the activations that Keras and PyTorch's RNN name, are read and
// written.
TEST_F(ExporterKind, RecurrentLayersStayWholeAndTheOthersArePruned) {
  GraphOfNodes graph({7, 5});
  std::string value = graph.add("Transpose", {"x"}, {{"perm", Integers{1, 0, 2}}});
  value = graph.add(
      "LSTM", {value, graph.weight({2, 16, 5}), graph.weight({2, 16, 4}), graph.weight({2, 32})},
      {{"hidden_size", int64_t{4}},
       {"direction", std::string("bidirectional")},
       {"activations",
        std::vector<std::string>{"Sigmoid", "Tanh", "Relu", "Sigmoid", "Tanh", "Tanh"}}},
      2);
  value = graph.add("Transpose", {GraphOfNodes::output("n1", 1)}, {{"perm", Integers{1, 0, 2}}});
  value = graph.add("Flatten", {value});
  value = graph.add("Relu", {graph.dense(value, 8, 7)});
  const std::string bytes = graph.bytes(graph.dense(value, 7, 3));
  EXPECT_EQ(layers_that_lose_units(bytes), 1);
  EXPECT_TRUE(onnx_bytes(parse_onnx(bytes, "lstm")) == bytes);
}

// Operator sets in which axes and numbers of parts became inputs and attributes.
TEST_F(ExporterKind, OperatorsOfNewerSets) {
  GraphOfNodes graph({2, 6, 6}, 21);
  std::string value = graph.add("Conv", {"x", graph.weight({6, 2, 3, 3}), graph.weight({6})});
  value = graph.add("GroupNormalization", {value, graph.weight({6}), graph.weight({6})},
                    {{"num_groups", int64_t{3}}});
  value = graph.add("Relu", {value});
  value = graph.add("Pad", {value, graph.integers({1, 0, 1, 2}), "", graph.integers({2, 3})});
  value = graph.add("Gelu", {graph.add("Conv", {value, graph.weight({8, 6, 3, 3})})},
                    {{"approximate", std::string("tanh")}});
  graph.add("Split", {value}, {{"axis", int64_t{1}}, {"num_outputs", int64_t{2}}}, 2);
  value = graph.add("Concat", {GraphOfNodes::output("n6", 1), GraphOfNodes::output("n6", 0)},
                    {{"axis", int64_t{1}}});
  value = graph.add("ReduceMean", {value, graph.integers({-1, -2})}, {{"keepdims", int64_t{0}}});
  value = graph.add("Relu", {graph.dense(value, 8, 7)});
  EXPECT_EQ(layers_that_lose_units(graph.bytes(graph.dense(value, 7, 3))), 2);
}

TEST_F(ExporterKind, OperatorsThatOnlyOnnxRuntimeKnows) {
  GraphOfNodes graph({4, 6}, 23);
  const std::string normed =
      graph.add("RMSNormalization", {"x", graph.weight({6})}, {{"axis", int64_t{-1}}});
  std::vector<std::string> heads;
  for (int i = 0; i < 3; ++i) heads.push_back(graph.add("MatMul", {normed, graph.weight({6, 6})}));
  std::string value =
      graph.add("Attention", heads, {{"q_num_heads", int64_t{2}}, {"kv_num_heads", int64_t{2}}});
  value = graph.add("ReduceMean", {value, graph.integers({1})}, {{"keepdims", int64_t{0}}});
  value = graph.add("Relu", {graph.dense(value, 6, 7)});
  EXPECT_EQ(layers_that_lose_units(graph.bytes(graph.dense(value, 7, 3))), 1);
}

// The axis of the scales moves with the weight, which is written in eight bits again.
TEST_F(ExporterKind, WeightsThatAreTransposedBehindDequantizeLinearStayQuantised) {
  for (const bool by_unit : {false, true}) {
    GraphOfNodes graph({8});
    const at::Tensor stored = normal({7, 8}, 2).mul(40).clamp(-127, 127).to(at::kChar);
    const std::string scale = graph.constant(
        by_unit ? normal({7}, 3).to(at::kFloat).square() / 100 + 0.01 : at::full({}, 0.02F));
    std::string weight =
        graph.add("DequantizeLinear", {graph.constant(stored), scale}, {{"axis", int64_t{0}}});
    weight = graph.add("Transpose", {weight}, {{"perm", Integers{1, 0}}});
    const std::string value = graph.add("Relu", {graph.add("MatMul", {"x", weight})});
    const std::string bytes = graph.bytes(graph.dense(value, 7, 3));
    EXPECT_EQ(layers_that_lose_units(bytes), 1);
    const Network network = parse_onnx(bytes, "quantised");
    for (const Network& written : {network, pruned(network, "units").network}) {
      onnx::ModelProto file;
      ASSERT_TRUE(file.ParseFromString(onnx_bytes(written)));
      const auto& tensors = file.graph().initializer();
      EXPECT_EQ(std::count_if(tensors.begin(), tensors.end(),
                              [](const onnx::TensorProto& tensor) {
                                return tensor.data_type() == onnx::TensorProto::INT8;
                              }),
                1);
    }
  }
}

TEST_F(ExporterKind, WeightsBehindOtherNodesAndWeightsWithTwoReaders) {
  GraphOfNodes graph({6});
  const std::string shared = graph.weight({6, 6});
  std::string value = graph.add("Relu", {graph.add("MatMul", {"x", shared})});
  value = graph.add("Relu", {graph.add("MatMul", {value, shared})});
  const std::string renamed = graph.add("Identity", {graph.weight({6, 8})});
  value = graph.add("Relu", {graph.add("MatMul", {value, renamed})});
  const std::string half = graph.constant(normal({8, 7}, 4).to(at::kHalf) / 3);
  const std::string cast = graph.add("Cast", {half}, {{"to", int64_t{1}}});
  value = graph.add("Relu", {graph.add("MatMul", {value, cast})});
  EXPECT_EQ(layers_that_lose_units(graph.bytes(graph.dense(value, 7, 3))), 2);
}

TEST_F(ExporterKind, TrainingModeIsSaidAndLeft) {
  GraphOfNodes training({8});
  std::string value =
      training.normalise(training.dense("x", 8, 7), 7, {{"training_mode", int64_t{1}}});
  value =
      training.add("Dropout", {training.add("Relu", {value}), training.constant(at::full({}, 0.5F)),
                               training.constant(at::ones({}, at::kBool))});
  const std::string bytes = training.bytes(training.dense(value, 7, 3));
  ::testing::internal::CaptureStderr();
  const Network network = parse_onnx(bytes, "training.onnx");
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("training.onnx: was exported in training mode: 'n2' (BatchNormalization) and "
                      "another node"),
            std::string::npos)
      << said;
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1);
  expect_the_same_in_onnx_runtime(network, onnx_bytes(network));
  ::testing::internal::CaptureStderr();
  parse_onnx(onnx_bytes(network), "again");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace ncprune
