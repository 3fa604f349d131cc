// The normalisation of networks that ncprune makes, in the files that it writes.
#include "ncprune/onnx/normalisation.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/rand.h>
#include <gtest/gtest.h>

#include "ncprune/model/architectures.h"
#include "ncprune/runtime/onnx_runtime.h"
#include "tests/onnx/file_forms.h"

namespace ncprune {
namespace {

// A network for colour pictures of 6 x 5 pixels.
Network colour_network(const std::string& architecture = "cnn:4") {
  Network network = build_network(architecture, {3, 6, 5}, 3, Random(1));
  network.metadata.input_mean = at::rand({3, 1, 1});
  network.metadata.input_scale = at::rand({3, 1, 1}) + 0.1;
  network.metadata.other[kNormalisationEntry] = kInGraph;
  return network;
}

at::Tensor pictures() {
  return at::rand({4, 3, 6, 5});
}

Network again(const Network& network) {
  return parse_onnx(onnx_bytes(network), "again");
}

at::Tensor scores_in_onnx_runtime(const Network& network, const at::Tensor& inputs) {
  return OnnxRuntimeSession(onnx_bytes(network), 1).run({inputs}).front();
}

TEST(NormalisationInTheFile, TakesRawInputsInAnyRuntime) {
  if (!onnx_runtime_problem().empty()) GTEST_SKIP() << onnx_runtime_problem();
  const at::Tensor raw = pictures();
  for (const char* architecture : {"cnn:4", "mlp:7"}) {
    Network network = colour_network(architecture);
    const at::Tensor wanted = logits(network, raw);
    EXPECT_TRUE(at::allclose(scores_in_onnx_runtime(network, raw), wanted, 1e-5, 1e-5));
    network.metadata.reversed_channels = true;
    const at::Tensor reversed = logits(network, raw);
    EXPECT_FALSE(at::allclose(reversed, wanted, 1e-2, 1e-2));
    EXPECT_TRUE(at::allclose(scores_in_onnx_runtime(network, raw.flip({1})), reversed, 1e-5, 1e-5));
  }
}

TEST(NormalisationInTheFile, ComesBackToTheBit) {
  const at::Tensor raw = pictures();
  for (const bool reversed : {false, true}) {
    Network network = colour_network();
    network.metadata.reversed_channels = reversed;
    const Network back = again(network);
    EXPECT_TRUE(at::equal(back.metadata.input_mean, network.metadata.input_mean));
    EXPECT_TRUE(at::equal(back.metadata.input_scale, network.metadata.input_scale));
    EXPECT_EQ(back.nodes.size(), network.nodes.size());
    EXPECT_EQ(back.initializers.size(), network.initializers.size());
    EXPECT_EQ(back.metadata.other, network.metadata.other);
    EXPECT_TRUE(at::equal(logits(back, raw), logits(network, raw)));
    EXPECT_TRUE(onnx_bytes(back) == onnx_bytes(network));
  }
}

TEST(NormalisationInTheFile, IsAMeanOrAScaleAlone) {
  for (const bool mean : {false, true}) {
    Network network = colour_network();
    (mean ? network.metadata.input_scale : network.metadata.input_mean) = at::Tensor();
    const Network back = again(network);
    EXPECT_EQ(back.metadata.input_mean.defined(), mean);
    EXPECT_EQ(back.metadata.input_scale.defined(), !mean);
    EXPECT_EQ(back.nodes.size(), network.nodes.size());
  }
}

TEST(NormalisationInTheFile, IsNeitherInMetadataNorTwice) {
  const onnx::ModelProto file = written(colour_network());
  for (const auto& entry : file.metadata_props()) {
    EXPECT_NE(entry.key(), "ncprune.input_mean");
    EXPECT_NE(entry.key(), "ncprune.input_scale");
  }
  EXPECT_EQ(file.graph().node(0).op_type(), "Sub");
  EXPECT_EQ(file.graph().node(1).op_type(), "Div");
  EXPECT_EQ(written(again(colour_network())).graph().node_size(), file.graph().node_size());
}

TEST(NormalisationInTheFile, OfOldFilesStaysInTheMetadata) {
  Network network = colour_network();
  network.metadata.other.clear();
  const Network back = again(network);
  EXPECT_TRUE(at::equal(back.metadata.input_mean, network.metadata.input_mean));
  EXPECT_EQ(written(back).graph().node_size(), static_cast<int>(network.nodes.size()));
}

// x -> Sub -> Div -> Gemm, as other exporters write it.
TEST(NormalisationInTheFile, OfOtherProgramsStaysInTheGraph) {
  ModelBuilder model = small_model();
  model.weight("mean", {4}, 1).weight("scale", {4}, 1);
  onnx::NodeProto fc = model.graph().node(0);
  fc.set_input(0, "normalised");
  model.graph().clear_node();
  model.node("Sub", {"x", "mean"}, {"centred"});
  model.node("Div", {"centred", "scale"}, {"normalised"});
  *model.graph().add_node() = fc;
  const Network network = read(model);
  EXPECT_EQ(network.nodes.size(), 3);
  EXPECT_FALSE(network.metadata.input_mean.defined());
  EXPECT_EQ(written(network).graph().node_size(), 3);
}

// Such a file takes raw inputs with or without our knowledge of its first nodes.
TEST(NormalisationInTheFile, ThatAnotherProgramChangedIsLeftInTheGraph) {
  const Network network = colour_network("mlp:7");
  onnx::ModelProto model = written(network);
  for (onnx::TensorProto& tensor : *model.mutable_graph()->mutable_initializer()) {
    if (tensor.name() == "input.scale") tensor.set_name("elsewhere");
  }
  model.mutable_graph()->mutable_node(1)->set_input(1, "elsewhere");
  model.mutable_graph()->mutable_node(0)->set_op_type("Add");
  const Network back = parse_onnx(model.SerializeAsString(), "changed");
  EXPECT_EQ(back.nodes.size(), network.nodes.size() + 2);
  EXPECT_FALSE(back.metadata.input_mean.defined());
  EXPECT_FALSE(back.metadata.input_scale.defined());
}

TEST(NormalisationInTheFile, ThatTheGraphCannotDoStaysInTheMetadata) {
  Network network = colour_network();
  network.metadata.channels_last = true;
  network.nodes.insert(
      network.nodes.begin(),
      {"Transpose", "", {"input"}, {"first"}, {{"perm", std::vector<int64_t>{0, 3, 1, 2}}}});
  for (size_t i = 1; i < network.nodes.size(); ++i) {
    for (std::string& input : network.nodes[i].inputs) {
      if (input == "input") input = "first";
    }
  }
  network.input.shape = {-1, 6, 5, 3};
  const Network back = again(network);
  EXPECT_TRUE(at::equal(back.metadata.input_mean, network.metadata.input_mean));
  EXPECT_EQ(back.nodes.size(), network.nodes.size());
  EXPECT_FALSE(back.metadata.other.contains(kNormalisationEntry));
}

}  // namespace
}  // namespace ncprune
