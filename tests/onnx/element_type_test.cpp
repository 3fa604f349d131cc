// Files whose values are not all FLOAT.
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>

#include <algorithm>

#include "ncprune/model/layers.h"
#include "tests/onnx/file_forms.h"

namespace ncprune {
namespace {

// small_model() with its input, output and weights in `type`.
ModelBuilder typed_model(int32_t type) {
  ModelBuilder model = small_model();
  for (Proto& tensor : *model.graph().mutable_initializer()) {
    const std::vector<float> values(tensor.float_data().begin(), tensor.float_data().end());
    tensor.clear_float_data();
    tensor.set_data_type(type);
    const auto torch = type == Proto::DOUBLE    ? at::kDouble
                       : type == Proto::FLOAT16 ? at::kHalf
                                                : at::kBFloat16;
    const at::Tensor own = at::tensor(values).to(torch);
    tensor.set_raw_data(own.data_ptr(), own.nbytes());
  }
  set_type(*model.graph().mutable_input(0), type);
  set_type(*model.graph().mutable_output(0), type);
  return model;
}

TEST(FileForms, HalfAndDoubleAreComputedInFloatAndWrittenInTheirType) {
  for (const auto type : {Proto::DOUBLE, Proto::FLOAT16, Proto::BFLOAT16}) {
    ModelBuilder model = typed_model(type);
    expect_scores(model, small_scores());  // multiples of 1/8: exact in every type
    const Network network = read(model);
    EXPECT_EQ(network.initializers.at("w").scalar_type(), at::kFloat);
    const onnx::ModelProto file = written(network);
    EXPECT_EQ(file.graph().input(0).type().tensor_type().elem_type(), type);
    EXPECT_EQ(file.graph().output(0).type().tensor_type().elem_type(), type);
    for (const Proto& tensor : file.graph().initializer()) EXPECT_EQ(tensor.data_type(), type);
  }
}

TEST(FileForms, NewBiasOfAHalfNetworkIsHalf) {
  ModelBuilder model = typed_model(Proto::FLOAT16);
  model.graph().mutable_node(0)->mutable_input()->RemoveLast();
  Network network = read(model);
  set_bias(network, linear_layers(network).front(), at::ones({3}));
  const onnx::ModelProto file = written(network);
  for (const Proto& tensor : file.graph().initializer()) {
    EXPECT_EQ(tensor.data_type(), Proto::FLOAT16) << tensor.name();
  }
}

TEST(FileForms, WeightTooLargeForHalfIsNamed) {
  Network network = read(typed_model(Proto::FLOAT16));
  network.initializers.at("w").fill_(1e6);
  const std::string message = input_error([&] { onnx_bytes(network); });
  expect_parts(message, {"'w'", "Half"});
}

// A network that computes in float from weights stored smaller.
TEST(FileForms, StoredWeightsAreWrittenAsTheyWereStored) {
  ModelBuilder half = typed_model(Proto::FLOAT16);
  for (auto* value : {half.graph().mutable_input(0), half.graph().mutable_output(0)}) {
    set_type(*value, Proto::FLOAT);
  }
  half.graph().clear_node();
  set_integer(half.node("Cast", {"w"}, {"wf"}), "to", Proto::FLOAT);
  set_integer(half.node("Cast", {"b"}, {"bf"}), "to", Proto::FLOAT);
  half.node("Gemm", {"x", "wf", "bf"}, {"scores"});
  expect_scores(half, small_scores());
  const onnx::ModelProto half_file = written(read(half));
  for (const Proto& tensor : half_file.graph().initializer()) {
    EXPECT_EQ(tensor.data_type(), Proto::FLOAT16) << tensor.name();
  }

  ModelBuilder integers = small_model();
  integers.graph().mutable_node(0)->set_input(1, "wf");
  Proto& weight = *integers.graph().mutable_initializer(0);
  weight.clear_float_data();
  weight.set_data_type(Proto::INT8);
  for (int i = 0; i < 12; ++i) weight.add_int32_data(i - 4);
  integers.weight("scale", {}, 0.125F);
  integers.node("DequantizeLinear", {"w", "scale"}, {"wf"});
  std::swap(*integers.graph().mutable_node(0), *integers.graph().mutable_node(1));
  expect_scores(integers, small_scores());
  Network network = read(integers);
  network.initializers.at("wf")[0][0] = 0;  // what pruning does
  const onnx::ModelProto file = written(network);
  const auto stored =
      std::find_if(file.graph().initializer().begin(), file.graph().initializer().end(),
                   [](const Proto& t) { return t.data_type() == Proto::INT8; });
  ASSERT_NE(stored, file.graph().initializer().end());
  EXPECT_EQ(stored->raw_data()[0], 0);
  EXPECT_EQ(stored->raw_data()[1], -3);
}

TEST(FileForms, TokensAreWholeNumbers) {
  ModelBuilder model;
  model.input("x", {-1, 4}).output("scores", {-1, 3}).weight("table", {5, 3}, -1);
  set_type(*model.graph().mutable_input(0), Proto::INT64);
  model.node("Gather", {"table", "x"}, {"rows"});
  onnx::AttributeProto& axes = *model.node("ReduceMean", {"rows"}, {"mean"}).add_attribute();
  axes.set_name("axes");
  axes.set_type(onnx::AttributeProto::INTS);
  axes.add_ints(1);
  set_integer(*model.graph().mutable_node(1), "keepdims", 0);
  model.weight("w", {3, 3}, 0.5F);
  model.node("MatMul", {"mean", "w"}, {"scores"});
  const Network network = read(model);
  const at::Tensor tokens = at::tensor({0, 1, 2, 4}, at::kFloat).reshape({1, 4});
  const at::Tensor table = network.initializers.at("table");
  const at::Tensor mean = (table[0] + table[1] + table[2] + table[4]) / 4;
  EXPECT_TRUE(at::allclose(logits(network, tokens),
                           mean.unsqueeze(0).matmul(network.initializers.at("w"))));
  EXPECT_EQ(written(network).graph().input(0).type().tensor_type().elem_type(), Proto::INT64);
  const std::string fraction = input_error([&] { logits(network, tokens + 0.5); });
  expect_parts(fraction, {"whole numbers"});
  const std::string beyond = input_error([&] { logits(network, tokens + 1); });
  expect_parts(beyond, {"Gather"});
}

}  // namespace
}  // namespace ncprune
