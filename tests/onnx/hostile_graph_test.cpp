// Every bad file is one line that names the file and what is wrong with it; nothing else happens.
// Here: graphs.
#include <gtest/gtest.h>

#include <limits>

#include "tests/onnx/refusal.h"

namespace ncprune {
namespace {

TEST(HostileGraph, UnknownOperatorIsNamed) {
  ModelBuilder model = small_model();
  model.graph().mutable_node(0)->set_output(0, "y");
  model.node("NonMaxSuppression", {"y"}, {"scores"}).set_name("boxes");
  expect_refused(model, {"'boxes'", "NonMaxSuppression"});
}

TEST(HostileGraph, OperatorOfAnotherDomainIsNamed) {
  ModelBuilder model = small_model();
  model.graph().mutable_node(0)->set_domain("com.example");
  expect_refused(model, {"'fc'", "com.example"});
}

TEST(HostileGraph, SubgraphIsNamed) {
  ModelBuilder model = small_model();
  onnx::NodeProto& node = *model.graph().mutable_node(0);
  node.set_op_type("If");
  onnx::AttributeProto& branch = *node.add_attribute();
  branch.set_name("then_branch");
  branch.set_type(onnx::AttributeProto::GRAPH);
  branch.mutable_g()->set_name("inner");
  expect_refused(model, {"'fc'", "If"});
}

TEST(HostileGraph, MissingInitializer) {
  ModelBuilder model = small_model();
  model.graph().mutable_initializer()->RemoveLast();
  expect_refused(model, {"'fc'", "'b'"});
}

TEST(HostileGraph, Cycle) {
  ModelBuilder model = small_model();
  model.graph().mutable_node(0)->set_output(0, "y");
  model.node("Add", {"y", "loop"}, {"z"}).set_name("first");
  model.node("Relu", {"z"}, {"loop"});
  model.node("Relu", {"z"}, {"scores"});
  expect_refused(model, {"'first'", "'loop'"});
}

TEST(HostileGraph, NodeThatReadsItself) {
  ModelBuilder model = small_model();
  model.graph().mutable_node(0)->set_input(0, "scores");
  expect_refused(model, {"'fc'", "'scores'"});
}

TEST(HostileGraph, ValueWrittenTwice) {
  ModelBuilder model = small_model();
  model.node("Relu", {"x"}, {"scores"});
  expect_refused(model, {"'scores'", "twice"});
}

TEST(HostileGraph, SecondInputWithoutFixedShapeOrNoInput) {
  ModelBuilder model = small_model();
  model.graph().mutable_node(0)->set_output(0, "y");
  model.input("second", {-1, -1});
  model.node("Add", {"y", "second"}, {"scores"});
  expect_refused(model, {"'second'", "no fixed shape"});
  model.graph().clear_input();
  expect_refused(model, {"0 inputs"});
}

TEST(HostileGraph, InputWithoutShapeOrTooLarge) {
  ModelBuilder model = small_model();
  model.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->clear_shape();
  expect_refused(model, {"'x'", "no shape"});
  for (const int64_t size : {int64_t{1} << 40, std::numeric_limits<int64_t>::max()}) {
    model.graph().clear_input();
    model.input("x", {-1, size, size});
    expect_refused(model, {"'x'", "values"});
  }
}

TEST(HostileGraph, NoOutput) {
  ModelBuilder model = small_model();
  model.graph().mutable_output(0)->set_name("elsewhere");
  expect_refused(model, {"'elsewhere'"});
  model.graph().clear_output();
  expect_refused(model, {"no output"});
}

TEST(HostileGraph, ScoresThatAreNoneOfAClassifier) {
  ModelBuilder model = small_model();
  model.graph().mutable_node(0)->set_output(0, "y");
  model.weight("cube", {2, 2, 3}, 0);
  model.node("Add", {"y", "cube"}, {"scores"});
  expect_refused(model, {"'scores'", "[2, 2, 3]"});
}

TEST(HostileGraph, ShapesThatDoNotFitTogether) {
  ModelBuilder model = small_model();
  model.graph().clear_input();
  model.input("x", {-1, 5});
  expect_refused(model, {"'fc'", "Gemm"});
}

TEST(HostileGraph, OldOrImpossibleOpset) {
  for (const int64_t opset : {int64_t{-1}, int64_t{0}, int64_t{6}, int64_t{1} << 40}) {
    expect_refused(small_model(opset), {"opset", "7"});
  }
  ModelBuilder model = small_model();
  model.model.clear_opset_import();
  expect_refused(model, {"opset 1"});
}

TEST(HostileGraph, NewerOpsetsAreTried) {
  EXPECT_EQ(parse_onnx(onnx_bytes(parse_onnx(small_model(23).bytes(), "new")), "again").opset, 23);
}

TEST(HostileGraph, NodesThatBreakTheirDefinition) {
  ModelBuilder model = small_model();
  onnx::NodeProto& node = *model.graph().mutable_node(0);
  set_integer(node, "transC", 1);
  expect_refused(model, {"'fc'", "transC"});
  node.mutable_attribute(0)->set_name("alpha");
  expect_refused(model, {"'fc'", "alpha"});
  node.clear_attribute();
  node.clear_input();
  expect_refused(model, {"'fc'", "0 inputs"});
  for (const char* input : {"", "w", "b"}) node.add_input(input);
  expect_refused(model, {"'fc'"});
}

TEST(HostileGraph, OperatorThatItsOpsetDoesNotHave) {
  ModelBuilder model = small_model(17);
  model.graph().mutable_node(0)->set_output(0, "y");
  model.node("Gelu", {"y"}, {"scores"}).set_name("new");
  expect_refused(model, {"'new' (Gelu)", "opset 17"});
}

TEST(HostileGraph, SecondOutputThatIsNotComputed) {
  ModelBuilder model = small_model();
  model.graph().mutable_node(0)->set_output(0, "y");
  model.node("Dropout", {"y"}, {"kept", "mask"});
  model.node("Add", {"kept", "mask"}, {"scores"});
  expect_refused(model, {"'mask'"});
}

TEST(HostileGraph, NumbersBeyondTheElements) {
  ModelBuilder model = small_model();
  model.graph().mutable_node(0)->set_output(0, "y");
  onnx::AttributeProto& beta = *model.graph().mutable_node(0)->add_attribute();
  beta.set_name("beta");
  beta.set_type(onnx::AttributeProto::FLOAT);
  beta.set_f(1e30F);
  model.graph().mutable_node(0)->set_input(0, "ones");
  model.graph().clear_initializer();
  const auto add = [&](const char* name, const std::vector<int64_t>& dims) {
    onnx::TensorProto& tensor = *model.graph().add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(onnx::TensorProto::INT64);
    for (const int64_t dim : dims) tensor.add_dims(dim);
    for (int i = 0; i < 4; ++i) tensor.add_int64_data(i);
  };
  add("ones", {2, 2});
  add("w", {2, 2});
  add("b", {2, 2});
  model.node("Add", {"y", "x"}, {"scores"});
  expect_refused(model, {"'fc'"});
}

TEST(HostileGraph, AttributesOfManyLinesGiveOneLine) {
  ModelBuilder model = small_model();
  model.graph().mutable_node(0)->set_output(0, "y");
  onnx::AttributeProto& equation = *model.node("Einsum", {"y"}, {"scores"}).add_attribute();
  equation.set_name("equation");
  equation.set_type(onnx::AttributeProto::STRING);
  equation.set_s("n\nd->x");
  EXPECT_EQ(refusal(model.bytes()).find('\n'), std::string::npos);
}

TEST(HostileGraph, AxisWithoutElementsDoesNotHideALargeOne) {
  ModelBuilder model = small_model();
  model.graph().mutable_node(0)->set_input(0, "padded");
  onnx::NodeProto& pad = model.node("Pad", {"none", "pads"}, {"padded"});
  onnx::AttributeProto& mode = *pad.add_attribute();
  mode.set_name("mode");
  mode.set_type(onnx::AttributeProto::STRING);
  mode.set_s("edge");
  model.weight("none", {1, 0}, 0);
  onnx::TensorProto& pads = *model.graph().add_initializer();
  pads.set_name("pads");
  pads.set_data_type(onnx::TensorProto::INT64);
  pads.add_dims(4);
  for (const int64_t count : {0, 0, 1 << 30, 0}) pads.add_int64_data(count);
  std::swap(*model.graph().mutable_node(0), *model.graph().mutable_node(1));
  expect_refused(model, {"Pad", "too large"});
}

TEST(HostileGraph, NamesOfManyLines) {
  ModelBuilder model = small_model();
  model.graph().mutable_node(0)->set_name("a\nb");
  expect_refused(model, {"a?b"});
  model.graph().mutable_node(0)->set_name(std::string(100000, 'a'));
  EXPECT_LT(refusal(model.bytes()).size(), 500U);
}

}  // namespace
}  // namespace ncprune
