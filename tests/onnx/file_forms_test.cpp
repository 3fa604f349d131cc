// Inputs, outputs and graphs as exporters write them.
#include <ATen/ops/cat.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/softmax.h>

#include <algorithm>

#include "ncprune/model/layers.h"
#include "tests/onnx/file_forms.h"

namespace ncprune {
namespace {

void add_constant(ModelBuilder& model, const std::string& name, const std::vector<int64_t>& values,
                  bool scalar = false) {
  Proto& tensor = *model.graph().add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(Proto::INT64);
  if (!scalar) tensor.add_dims(static_cast<int64_t>(values.size()));
  for (const int64_t value : values) tensor.add_int64_data(value);
}

// x [N, 4] -> Gemm 'fc' -> z [N, 1]
ModelBuilder one_logit_model() {
  ModelBuilder model;
  model.input("x", {-1, 4}).output("z", {-1, 1}).weight("w", {4, 1}, -0.25F).weight("b", {1}, 0.5F);
  model.node("Gemm", {"x", "w", "b"}, {"z"}).set_name("fc");
  return model;
}

at::Tensor one_logit() {
  const at::Tensor w = (at::arange(4, at::kFloat) / 8 - 0.25).unsqueeze(1);
  return samples().matmul(w) + 0.5;
}

TEST(FileForms, OneLogitIsTwoClasses) {
  const at::Tensor z = one_logit();
  expect_scores(one_logit_model(), at::cat({-z / 2, z / 2}, 1), 1e-6);
  const onnx::ModelProto file = written(read(one_logit_model()));
  EXPECT_EQ(file.graph().output(0).type().tensor_type().shape().dim(1).dim_value(), 1);
  for (const Proto& tensor : file.graph().initializer()) {
    if (tensor.name() == "w") {
      EXPECT_EQ(tensor.dims(1), 1);
    }
  }
}

TEST(FileForms, OneProbabilityIsTwoClasses) {
  for (const char* reshape : {"", "Flatten"}) {
    ModelBuilder model = one_logit_model();
    model.graph().mutable_output(0)->set_name("p");
    const std::string logit = *reshape == '\0' ? "z" : "flat";
    if (*reshape != '\0') model.node(reshape, {"z"}, {"flat"});
    model.node("Sigmoid", {logit}, {"p"});
    const Network network = read(model);
    EXPECT_EQ(network.num_classes(), 2);
    const at::Tensor p = at::sigmoid(one_logit());
    const at::Tensor both = value_of_all(network, "p", samples());
    EXPECT_TRUE(at::allclose(both, at::cat({1 - p, p}, 1), 1e-6, 1e-6));
    const onnx::ModelProto file = written(network);
    EXPECT_EQ(file.graph().node(file.graph().node_size() - 1).op_type(), "Sigmoid");
  }
}

TEST(FileForms, OneScoreThatNoLayerComputesIsNamed) {
  ModelBuilder model = small_model();
  model.graph().mutable_output(0)->set_name("one");
  set_integer(model.node("ReduceMax", {"scores"}, {"one"}), "keepdims", 1);
  onnx::AttributeProto& axes = *model.graph().mutable_node(1)->add_attribute();
  axes.set_name("axes");
  axes.set_type(onnx::AttributeProto::INTS);
  axes.add_ints(1);
  expect_refused(model, {"'one'", "one score"});
}

TEST(FileForms, LabelBesideProbabilitiesIsKept) {
  ModelBuilder model = small_model();
  model.graph().clear_output();
  set_type((ModelBuilder::describe(*model.graph().add_output(), "label", {-1}),
            *model.graph().mutable_output(0)),
           Proto::INT64);
  model.output("p", {-1, 3});
  onnx::NodeProto& argmax = model.node("ArgMax", {"scores"}, {"label"});
  set_integer(argmax, "axis", 1);
  set_integer(argmax, "keepdims", 0);
  model.node("Softmax", {"scores"}, {"p"});
  expect_scores(model, small_scores());
  const Network network = read(model);
  EXPECT_EQ(network.output.name, "p");
  const onnx::ModelProto file = written(network);
  ASSERT_EQ(file.graph().output_size(), 2);
  EXPECT_EQ(file.graph().output(0).name(), "label");
  EXPECT_EQ(file.graph().output(1).name(), "p");
}

TEST(FileForms, LabelAloneLeadsToTheScores) {
  ModelBuilder model = small_model();
  model.graph().clear_output();
  set_type((ModelBuilder::describe(*model.graph().add_output(), "label", {-1}),
            *model.graph().mutable_output(0)),
           Proto::INT64);
  onnx::NodeProto& argmax = model.node("ArgMax", {"scores"}, {"label"});
  set_integer(argmax, "axis", 1);
  set_integer(argmax, "keepdims", 0);
  expect_scores(model, small_scores());
  EXPECT_EQ(written(read(model)).graph().output_size(), 1);
  EXPECT_EQ(written(read(model)).graph().output(0).name(), "label");
}

// scikit-learn's converters end in a map of class names to probabilities.
TEST(FileForms, ZipMapMakesAMapOfTheScores) {
  ModelBuilder model = small_model();
  model.graph().clear_output();
  model.model.add_opset_import()->set_domain("ai.onnx.ml");
  model.model.mutable_opset_import(1)->set_version(1);
  auto& sequence = *model.graph().add_output();
  sequence.set_name("probabilities");
  auto& map = *sequence.mutable_type()->mutable_sequence_type()->mutable_elem_type();
  map.mutable_map_type()->set_key_type(Proto::INT64);
  map.mutable_map_type()->mutable_value_type()->mutable_tensor_type()->set_elem_type(Proto::FLOAT);
  onnx::NodeProto& zip = model.node("ZipMap", {"scores"}, {"probabilities"});
  zip.set_domain("ai.onnx.ml");
  onnx::AttributeProto& names = *zip.add_attribute();
  names.set_name("classlabels_int64s");
  names.set_type(onnx::AttributeProto::INTS);
  for (int i = 0; i < 3; ++i) names.add_ints(i);
  expect_scores(model, small_scores());
  EXPECT_EQ(written(read(model)).graph().output(0).name(), "probabilities");
}

TEST(FileForms, OutputsOfTheGraphItselfAreLeftOutAndNamed) {
  ModelBuilder model = small_model();
  model.output("features", {-1, 3});
  model.node("Relu", {"x"}, {"features"});
  testing::internal::CaptureStderr();
  const Network network = read(model);
  expect_parts(testing::internal::GetCapturedStderr(), {"left out", "features"});
  EXPECT_EQ(written(network).graph().output_size(), 1);
}

TEST(FileForms, ScoresOfA1x1ConvolutionLoseTheirTrailingAxes) {
  ModelBuilder model;
  model.input("x", {-1, 4, 1, 1}).output("scores", {-1, 3, 1, 1}).weight("w", {3, 4, 1, 1}, -0.5F);
  model.node("Conv", {"x", "w"}, {"scores"});
  const Network network = read(model);
  EXPECT_EQ(network.output.shape, (std::vector<int64_t>{-1, 3}));
  EXPECT_EQ(logits(network, samples().reshape({3, 4, 1, 1})).sizes(), at::IntArrayRef({3, 3}));
  EXPECT_EQ(parse_onnx(onnx_bytes(network), "again").nodes.size(), network.nodes.size());
}

TEST(FileForms, SparseWeightsAreRead) {
  for (const bool by_axis : {false, true}) {
    ModelBuilder model = small_model();
    model.graph().mutable_initializer()->DeleteSubrange(0, 1);
    onnx::SparseTensorProto& sparse = *model.graph().add_sparse_initializer();
    sparse.add_dims(4);
    sparse.add_dims(3);
    ModelBuilder::fill(*sparse.mutable_values(), "w", {2}, 0.5F);
    Proto& indices = *sparse.mutable_indices();
    indices.set_data_type(Proto::INT64);
    indices.add_dims(2);
    if (by_axis) indices.add_dims(2);
    for (const int64_t i : by_axis ? std::vector<int64_t>{0, 1, 2, 0} : std::vector<int64_t>{1, 6})
      indices.add_int64_data(i);
    const at::Tensor weight = read(model).initializers.at("w");
    EXPECT_EQ(weight.sizes(), at::IntArrayRef({4, 3}));
    EXPECT_EQ(weight[0][1].item<float>(), 0.5F);
    EXPECT_EQ(weight[2][0].item<float>(), 0.625F);
    EXPECT_EQ(weight.count_nonzero().item<int64_t>(), 2);
    indices.set_int64_data(1, 12);
    if (!by_axis) expect_refused(model, {"'w'", "12", "beyond"});
    sparse.set_dims(0, int64_t{1} << 40);
    expect_refused(model, {"'w'", "sparse", "dimensions"});
  }
}

// f(x, w, b) = Gemm, called with an attribute of the caller.
ModelBuilder function_model() {
  ModelBuilder model = small_model();
  model.model.set_ir_version(8);
  model.model.add_opset_import()->set_domain("pkg");
  model.model.mutable_opset_import(1)->set_version(1);
  onnx::NodeProto& call = *model.graph().mutable_node(0);
  call.set_domain("pkg");
  call.set_op_type("linear");
  onnx::AttributeProto& alpha = *call.add_attribute();
  alpha.set_name("factor");
  alpha.set_type(onnx::AttributeProto::FLOAT);
  alpha.set_f(2);
  onnx::FunctionProto& function = *model.model.add_functions();
  function.set_domain("pkg");
  function.set_name("linear");
  for (const char* name : {"a", "b", "c"}) function.add_input(name);
  function.add_output("y");
  function.add_attribute("factor");
  function.add_opset_import()->set_version(13);
  onnx::NodeProto& inner = *function.add_node();
  inner.set_op_type("Gemm");
  for (const char* name : {"a", "b", "c"}) inner.add_input(name);
  inner.add_output("y");
  onnx::AttributeProto& reference = *inner.add_attribute();
  reference.set_name("alpha");
  reference.set_type(onnx::AttributeProto::FLOAT);
  reference.set_ref_attr_name("factor");
  return model;
}

TEST(FileForms, LocalFunctionsAreInlined) {
  const at::Tensor b = read(small_model()).initializers.at("b");
  expect_scores(function_model(), (small_scores() - b) * 2 + b, 1e-6);
  const Network network = read(function_model());
  ASSERT_EQ(network.nodes.size(), 1U);
  EXPECT_EQ(network.nodes.front().op_type, "Gemm");
}

TEST(FileForms, FunctionsThatCallThemselvesAreRefused) {
  ModelBuilder model = function_model();
  onnx::NodeProto& inner = *model.model.mutable_functions(0)->mutable_node(0);
  inner.set_domain("pkg");
  inner.set_op_type("linear");
  expect_refused(model, {"'linear'", "itself"});
}

TEST(FileForms, SwitchOfTrainingIsOff) {
  for (const bool is_read : {false, true}) {
    ModelBuilder model = small_model();
    auto& flag = *model.graph().add_input();
    ModelBuilder::describe(flag, "training", {});
    set_type(flag, Proto::BOOL);
    if (is_read) {
      model.weight("more", {3}, 100);
      model.graph().mutable_node(0)->set_output(0, "y");
      model.node("Add", {"y", "more"}, {"larger"});
      model.node("Where", {"training", "larger", "y"}, {"scores"});
    }
    expect_scores(model, small_scores());
  }
}

// left [N, 2], right [N, 1, 2] of INT64 -> scores [N, 3]
TEST(FileForms, SeveralInputsAreOneSideBySide) {
  ModelBuilder model = small_model();
  model.graph().clear_input();
  model.input("left", {-1, 2}).input("right", {-1, 1, 2});
  set_type(*model.graph().mutable_input(1), Proto::INT64);
  add_constant(model, "flat", {-1, 2});
  model.node("Reshape", {"right", "flat"}, {"rows"});
  set_integer(model.node("Cast", {"rows"}, {"floats"}), "to", Proto::FLOAT);
  set_integer(model.node("Concat", {"left", "floats"}, {"x"}), "axis", 1);
  auto& nodes = *model.graph().mutable_node();
  std::rotate(nodes.begin(), nodes.begin() + 1, nodes.end());
  const Network network = read(model);
  EXPECT_EQ(network.input.shape, (std::vector<int64_t>{-1, 4}));
  at::Tensor inputs = samples();
  inputs.slice(1, 2, 4).round_();
  EXPECT_TRUE(at::equal(logits(network, inputs), logits(read(small_model()), inputs)));
  const onnx::ModelProto file = written(network);
  ASSERT_EQ(file.graph().input_size(), 2);
  EXPECT_EQ(file.graph().input(0).name(), "left");
  EXPECT_EQ(file.graph().input(1).type().tensor_type().elem_type(), Proto::INT64);
  EXPECT_EQ(file.graph().node(0).op_type(), "Reshape");
  const Network again = parse_onnx(onnx_bytes(network), "again");
  EXPECT_TRUE(at::equal(logits(again, inputs), logits(network, inputs)));
}

TEST(FileForms, OperatorSet7) {
  ModelBuilder model = small_model(7);
  expect_scores(model, small_scores());
  ModelBuilder older = small_model(6);
  expect_refused(older, {"opset 6"});
}

// PyTorch writes view(x.size(0), -1) as numbers when it is traced with fixed axes.
TEST(FileForms, FixedBatchInAReshapeIsOpened) {
  for (const std::vector<int64_t>& shape : {std::vector<int64_t>{1, 4}, {1, -1}}) {
    ModelBuilder model = small_model();
    model.graph().clear_input();
    model.input("x", {1, 2, 2});
    add_constant(model, "shape", shape);
    model.graph().mutable_node(0)->set_input(0, "flat");
    model.node("Reshape", {"x", "shape"}, {"flat"});
    std::swap(*model.graph().mutable_node(0), *model.graph().mutable_node(1));
    const Network network = read(model);
    EXPECT_TRUE(at::equal(logits(network, samples().reshape({3, 2, 2})), small_scores()));
  }
}

TEST(FileForms, FixedBatchElsewhereIsNamed) {
  ModelBuilder model = small_model();
  model.graph().clear_input();
  model.input("x", {1, 4});
  model.graph().mutable_node(0)->set_output(0, "y");
  model.weight("first", {1, 3}, 0);
  onnx::NodeProto& concat = model.node("Concat", {"y", "first"}, {"both"});
  set_integer(concat, "axis", 1);
  model.weight("w2", {6, 3}, 0);
  model.node("MatMul", {"both", "w2"}, {"scores"}).set_name("head");
  expect_refused(model, {"1 samples at a time", "Concat"});
}

}  // namespace
}  // namespace ncprune
