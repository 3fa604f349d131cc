// Operators that ncprune does not know are run by ONNX Runtime, and the rest goes on.
#include <ATen/ops/gelu.h>
#include <gtest/gtest.h>

#include "ncprune/evaluate/metrics.h"
#include "ncprune/onnx/onnx.h"
#include "ncprune/prune/prune.h"
#include "ncprune/train/train.h"
#include "tests/data/input_error.h"
#include "tests/onnx/model_builder.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

const Dataset& data() {
  static const Dataset dataset = gaussian_data({40, 40, 40}, 6);
  return dataset;
}

// mlp:12,8 whose second activation is ONNX Runtime's own FastGelu.
Network with_foreign_activation() {
  onnx::ModelProto model;
  model.ParseFromString(onnx_bytes(network_for(data(), "mlp:12,8")));
  onnx::OperatorSetIdProto& opset = *model.add_opset_import();
  opset.set_domain("com.microsoft");
  opset.set_version(1);
  for (onnx::NodeProto& node : *model.mutable_graph()->mutable_node()) {
    if (node.name() != "act2") continue;
    node.set_op_type("FastGelu");
    node.set_domain("com.microsoft");
  }
  return parse_onnx(model.SerializeAsString(), "foreign.onnx");
}

at::Tensor value_of(const Network& network, const std::string& name) {
  return run(network, prepare_inputs(network, data().inputs), {name}).front();
}

TEST(ForeignOperator, IsRunByOnnxRuntime) {
  const Network network = with_foreign_activation();
  const at::Tensor wanted = at::gelu(value_of(network, "fc2.out"), "tanh");
  EXPECT_LE((value_of(network, "act2.out") - wanted).abs().max().item<double>(), 1e-5);
}

TEST(ForeignOperator, IsWrittenAsItWasRead) {
  const Network network = with_foreign_activation();
  const std::string bytes = onnx_bytes(network);
  const Network again = parse_onnx(bytes, "again.onnx");
  EXPECT_EQ(onnx_bytes(again), bytes);
  EXPECT_EQ(evaluate(network, data(), "onnxruntime").confusion, evaluate(again, data()).confusion);
}

TEST(ForeignOperator, KeepsItsNeighboursAndTheRestGoesOn) {
  const Network network = with_foreign_activation();
  Recipe recipe{.method = find_method("surgeon"), .share = 0.5};
  recipe.remove = "units";
  const Pruned units = prune(network, data(), recipe);
  EXPECT_EQ(units.layers[0].kept, 6);
  EXPECT_EQ(units.layers[1].kept, 8);
  EXPECT_EQ(units.layers[1].reason, "FastGelu 'act2' reads its units");

  recipe.remove = "weights";
  const Pruned pruned = prune(network, data(), recipe);
  EXPECT_NEAR(pruned.removed, 0.5, 0.01);
  EXPECT_LT(pruned.layers[1].kept, pruned.layers[1].before);  // single weights do go
}

TEST(ForeignOperator, LetsNoGradientThroughAndSaysSo) {
  const std::string message = input_error(
      [] { train(with_foreign_activation(), data(), data(), TrainOptions{.epochs = 1}); });
  EXPECT_NE(message.find("node 'act2' (FastGelu): is run by ONNX Runtime"), std::string::npos)
      << message;
}

}  // namespace
}  // namespace ncprune
