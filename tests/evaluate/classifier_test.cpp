// Files that only ONNX Runtime runs, and the same file by both runtimes.
#include "ncprune/evaluate/classifier.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include "ncprune/evaluate/metrics.h"
#include "ncprune/onnx/onnx.h"
#include "tests/data/folder.h"
#include "tests/data/input_error.h"
#include "tests/onnx/model_builder.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

// 3 classes of 4 features.
const Dataset& samples() {
  static const Dataset dataset = gaussian_data({30, 31, 32}, 4);
  return dataset;
}

// x -> If(true) -> Gemm 'fc' -> scores: ncprune does not read subgraphs.
ModelBuilder model_with_if() {
  ModelBuilder model;
  model.input("x", {-1, 4}).output("scores", {-1, 3}).weight("w", {4, 3}, -0.5F);
  auto& yes = *model.graph().add_initializer();
  yes.set_name("yes");
  yes.set_data_type(onnx::TensorProto::BOOL);
  yes.add_int32_data(1);
  onnx::NodeProto& node = model.node("If", {"yes"}, {"scores"});
  for (const std::string branch : {"then_branch", "else_branch"}) {
    auto& attribute = *node.add_attribute();
    attribute.set_name(branch);
    attribute.set_type(onnx::AttributeProto::GRAPH);
    onnx::GraphProto& graph = *attribute.mutable_g();
    graph.set_name(branch);
    onnx::NodeProto& product = *graph.add_node();
    product.set_op_type("MatMul");
    product.add_input("x");
    product.add_input("w");
    product.add_output(branch + ".out");
    ModelBuilder::describe(*graph.add_output(), branch + ".out", {-1, 3});
  }
  return model;
}

class ClassifierTest : public ::testing::Test {
 protected:
  std::string file(const ModelBuilder& model) const {
    return folder_.write("model.onnx", model.bytes());
  }

  Folder folder_;
};

at::Tensor product_with_w() {
  const at::Tensor w = at::arange(12, at::kFloat).div(8).sub(0.5).view({4, 3});
  return samples().inputs.matmul(w);
}

TEST_F(ClassifierTest, OfASubgraphIsRunByOnnxRuntime) {
  const std::string path = file(model_with_if());
  EXPECT_NE(input_error([&] { read_classifier(path, "ncprune"); }).find("model.onnx"),
            std::string::npos);
  for (const std::string runtime : {"", "onnxruntime"}) {
    const Classifier classifier = read_classifier(path, runtime);
    EXPECT_EQ(classifier.runtime, "onnxruntime");
    require_fits(classifier, samples(), path);
    EXPECT_TRUE(class_scores(classifier, samples()).allclose(product_with_w(), 1e-5, 1e-5));
  }
}

TEST_F(ClassifierTest, IsRunByNcpruneIfItCanBe) {
  const std::string path = file(small_model());
  const Classifier ours = read_classifier(path);
  EXPECT_EQ(ours.runtime, "ncprune");
  const Classifier theirs = read_classifier(path, "onnxruntime");
  EXPECT_EQ(theirs.runtime, "onnxruntime");
  EXPECT_TRUE(class_scores(ours, samples()).allclose(class_scores(theirs, samples()), 1e-5, 1e-5));
}

TEST_F(ClassifierTest, OfHalfPrecisionAndAFixedBatchTakesEverySample) {
  ModelBuilder model;
  model.input("x", {7, 4}).output("scores", {7, 3}).weight("w", {4, 3}, -0.5F);
  const auto half = [](onnx::ValueInfoProto& value) {
    value.mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::FLOAT16);
  };
  half(*model.graph().mutable_input(0));
  half(*model.graph().mutable_output(0));
  onnx::NodeProto& cast = model.node("Cast", {"w"}, {"half.w"});
  set_integer(cast, "to", onnx::TensorProto::FLOAT16);
  model.node("MatMul", {"x", "half.w"}, {"scores"});
  for (const char* runtime : {"ncprune", "onnxruntime"}) {
    const at::Tensor scores = class_scores(read_classifier(file(model), runtime), samples());
    EXPECT_EQ(scores.size(0), 93);
    EXPECT_TRUE(scores.allclose(product_with_w(), 0.01, 0.02)) << runtime;
  }
}

TEST_F(ClassifierTest, TakesTheScoresAmongSeveralOutputsAndLogsShares) {
  ModelBuilder model;
  model.input("x", {-1, 4}).output("label", {-1}).output("shares", {-1, 3});
  model.weight("w", {4, 3}, -0.5F);
  model.graph().mutable_output(0)->mutable_type()->mutable_tensor_type()->set_elem_type(
      onnx::TensorProto::INT64);
  model.node("MatMul", {"x", "w"}, {"scores"});
  set_integer(model.node("Softmax", {"scores"}, {"shares"}), "axis", 1);
  onnx::NodeProto& best = model.node("ArgMax", {"scores"}, {"label"});
  set_integer(best, "axis", 1);
  set_integer(best, "keepdims", 0);
  const Classifier classifier = read_classifier(file(model), "onnxruntime");
  const at::Tensor wanted = product_with_w().log_softmax(1);
  EXPECT_TRUE(class_scores(classifier, samples()).allclose(wanted, 1e-3, 1e-3));
}

TEST_F(ClassifierTest, KeepsTheMetadataThatNormaliseInputs) {
  Network network = network_for(samples(), "mlp:5");
  network.metadata.class_names = {"a", "b", "c"};
  network.metadata.input_mean = at::full({4}, 3.0F);
  const std::string path = folder_.path() + "/own.onnx";
  write_onnx(path, network);
  const Classifier theirs = read_classifier(path, "onnxruntime");
  EXPECT_EQ(theirs.network->metadata.class_names, network.metadata.class_names);
  EXPECT_TRUE(class_scores(theirs, samples())
                  .allclose(class_scores(network, samples(), "ncprune"), 1e-4, 1e-4));
}

TEST_F(ClassifierTest, RunsTheScoresAloneOfFilesThatHaveAnotherForm) {
  ModelBuilder model;
  model.input("x", {-1, 4}).output("p", {-1, 1}).weight("w", {4, 1}, -0.25F);
  model.node("MatMul", {"x", "w"}, {"z"});
  model.node("Sigmoid", {"z"}, {"p"});
  Dataset data = samples();
  data.labels = data.labels.clamp_max(1);
  data.class_names = {"0", "1"};
  const Classifier theirs = read_classifier(file(model), "onnxruntime");
  EXPECT_EQ(theirs.runtime, "onnxruntime");
  const Classifier ours = read_classifier(file(model), "ncprune");
  EXPECT_TRUE(class_scores(theirs, data)
                  .softmax(1)
                  .allclose(class_scores(ours, data).softmax(1), 1e-4, 1e-5));
}

TEST_F(ClassifierTest, RefusesWhatIsNoClassifier) {
  const auto refusal = [](const std::string& path) {
    return input_error([&] { read_classifier(path, "onnxruntime"); });
  };
  const std::string text = folder_.write("text.onnx", "no network");
  EXPECT_EQ(refusal(text), text + ": not an ONNX model, or truncated");
  EXPECT_NE(input_error([&] { read_classifier(text); }).find("not an ONNX model"),
            std::string::npos);
  ModelBuilder open = small_model();
  open.input("y", {-1, -1});
  open.graph().mutable_node(0)->set_output(0, "z");
  open.node("Add", {"z", "y"}, {"scores"});
  EXPECT_NE(refusal(file(open)).find("model.onnx: has the inputs 'x', Float [-1, 4]; 'y'"),
            std::string::npos);
  ModelBuilder cube;
  cube.input("x", {-1, 4, 3}).output("y", {-1, 4, 3});
  cube.node("Relu", {"x"}, {"y"});
  EXPECT_NE(refusal(file(cube)).find("has the outputs 'y', Float [-1, 4, 3]; wanted class scores"),
            std::string::npos);
  ModelBuilder unknown = small_model();
  unknown.graph().mutable_node(0)->set_op_type("Gexx");
  EXPECT_NE(refusal(file(unknown)).find("ONNX Runtime: "), std::string::npos);

  const Classifier classifier = read_classifier(file(small_model()), "onnxruntime");
  const Dataset narrow = gaussian_data({5, 5, 5}, 3);
  EXPECT_NE(
      input_error([&] { require_fits(classifier, narrow, "m"); }).find("[4]; the data have [3]"),
      std::string::npos);
  const Dataset fewer = gaussian_data({5, 5}, 4);
  EXPECT_NE(input_error([&] { require_fits(classifier, fewer, "m"); }).find("2 classes"),
            std::string::npos);
}

TEST_F(ClassifierTest, ReadsExternalDataOnlyFromItsFolder) {
  ModelBuilder model = small_model();
  auto& weight = *model.graph().mutable_initializer(0);
  const std::vector<float> values(weight.float_data().begin(), weight.float_data().end());
  weight.clear_float_data();
  weight.set_data_location(onnx::TensorProto::EXTERNAL);
  auto& location = *weight.add_external_data();
  location.set_key("location");
  const std::string bytes(reinterpret_cast<const char*>(values.data()),
                          values.size() * sizeof(float));
  folder_.write("in/weight.bin", bytes);
  folder_.write("weight.bin", bytes);
  location.set_value("weight.bin");
  const std::string path = folder_.write("in/model.onnx", model.bytes());
  EXPECT_TRUE(class_scores(read_classifier(path, "onnxruntime"), samples())
                  .allclose(class_scores(read_classifier(path), samples()), 1e-5, 1e-5));
  for (const std::string& outside :
       std::vector<std::string>{"../weight.bin", folder_.path() + "/weight.bin", "/etc/passwd"}) {
    location.set_value(outside);
    folder_.write("in/model.onnx", model.bytes());
    for (const std::string runtime : {"", "ncprune", "onnxruntime"}) {
      EXPECT_NE(
          input_error([&] { read_classifier(path, runtime); }).find("not a file in the model's"),
          std::string::npos)
          << outside << runtime;
    }
  }
}

TEST_F(ClassifierTest, RefusesExternalDataOutsideItsFolderInASubgraph) {
  ModelBuilder model = model_with_if();
  auto& branch = *model.graph().mutable_node(0)->mutable_attribute(0)->mutable_g();
  auto& weight = *branch.add_initializer();
  ModelBuilder::fill(weight, "inner", {1}, 0);
  weight.clear_float_data();
  weight.set_data_location(onnx::TensorProto::EXTERNAL);
  auto& location = *weight.add_external_data();
  location.set_key("location");
  location.set_value("/etc/hostname");
  const std::string path = file(model);
  EXPECT_NE(input_error([&] { read_classifier(path); }).find("'/etc/hostname' are not a file in"),
            std::string::npos);
}

TEST_F(ClassifierTest, RefusesScoresThatAreNotNumbers) {
  ModelBuilder model = small_model();
  model.graph().mutable_initializer(1)->set_float_data(0, std::numeric_limits<float>::quiet_NaN());
  const Classifier classifier = read_classifier(file(model), "onnxruntime");
  EXPECT_NE(input_error([&] { class_scores(classifier, samples()); }).find("are not numbers"),
            std::string::npos);
}

}  // namespace
}  // namespace ncprune
