#include "ncprune/experiment/prepare.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "ncprune/base/random.h"
#include "ncprune/data/source.h"
#include "ncprune/evaluate/classifier.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/onnx/onnx.h"
#include "ncprune/runtime/onnx_runtime.h"
#include "tests/data/folder.h"
#include "tests/data/input_error.h"

namespace ncprune {
namespace {

PreparedData pictures(int64_t channels) {
  Random random(1);
  PreparedData data;
  data.train.inputs = at::empty({10, channels, 4, 5}).uniform_(0, 1, random.generator());
  data.train.inputs.select(1, channels - 1).fill_(0.25);
  data.train.labels = at::arange(10, at::kLong).remainder(2);
  data.train.class_names = {"a", "b"};
  data.train.range = std::pair{0.0, 1.0};
  return data;
}

TEST(MakeNetwork, NormalisesEveryChannelOfPicturesInColour) {
  const PreparedData data = pictures(3);
  const Network network = make_network("mlp:4", data, 1);
  const Metadata& metadata = network.metadata;
  ASSERT_EQ(metadata.input_mean.sizes().vec(), (std::vector<int64_t>{3, 1, 1}));
  ASSERT_EQ(metadata.input_scale.sizes().vec(), (std::vector<int64_t>{3, 1, 1}));
  for (int64_t c = 0; c < 3; ++c) {
    const at::Tensor values = data.train.inputs.select(1, c).to(at::kDouble);
    const double mean = values.mean().item<double>();
    const double deviation = (values - mean).square().mean().sqrt().item<double>();
    EXPECT_NEAR(metadata.input_mean.flatten()[c].item<double>(), mean, 1e-6);
    // A channel that never changes is only moved.
    EXPECT_NEAR(metadata.input_scale.flatten()[c].item<double>(), c == 2 ? 1 : deviation, 1e-6);
  }
  const at::Tensor inputs =
      prepare_inputs(network, data.train.inputs).view(data.train.inputs.sizes());
  EXPECT_TRUE(at::allclose(inputs.mean({0, 2, 3}), at::zeros({3}), 0, 1e-5));
}

// Measured with the runtime that only sees the bytes of the file.
TEST(MakeNetwork, WritesFilesThatTakeRawInputsAndAreNormalisedOnce) {
  if (!onnx_runtime_problem().empty()) GTEST_SKIP() << onnx_runtime_problem();
  const Folder folder;
  const std::string path = folder.path() + "/own.onnx";
  for (const bool stated : {false, true}) {
    PreparedData data = pictures(3);
    if (stated) data.preprocessing.stated = stated_preprocessing("images:d?preset=imagenet");
    const Network network = make_network("mlp:4", data, 1);
    write_onnx(path, network);
    for (const char* runtime : {"ncprune", "onnxruntime"}) {
      const Classifier classifier = read_classifier(path, runtime);
      EXPECT_EQ(classifier.network->metadata.input_mean.defined(),
                classifier.runtime == std::string("ncprune"));
      const Network ready = ready_for(data, {path, *classifier.network});
      const at::Tensor found = classifier.run(prepare_inputs(ready, data.train.inputs));
      EXPECT_TRUE(at::allclose(found, logits(network, data.train.inputs), 1e-5, 1e-5)) << runtime;
    }
  }
}

TEST(MakeNetwork, OptionsThatContradictAFileThatNormalisesItselfAreNamed) {
  if (!onnx_runtime_problem().empty()) GTEST_SKIP() << onnx_runtime_problem();
  const Folder folder;
  const std::string path = folder.path() + "/own.onnx";
  PreparedData data = pictures(3);
  write_onnx(path, make_network("mlp:4", data, 1));
  data.preprocessing.stated = stated_preprocessing("images:d?mean=imagenet");
  for (const char* runtime : {"ncprune", "onnxruntime"}) {
    const Network network = *read_classifier(path, runtime).network;
    EXPECT_NE(input_error([&] {
                ready_for(data, {path, network});
              }).find("own.onnx: "),
              std::string::npos);
  }
}

TEST(MakeNetwork, LeavesGreyPicturesAsTheyAre) {
  const Network network = make_network("mlp:4", pictures(1), 1);
  EXPECT_FALSE(network.metadata.input_mean.defined());
  EXPECT_FALSE(network.metadata.input_scale.defined());
}

TEST(MakeNetwork, NormalisesEveryFeatureOfTables) {
  PreparedData data = pictures(3);
  data.train.inputs = data.train.inputs.flatten(1);
  data.train.range.reset();
  const Network network = make_network("mlp:4", data, 1);
  EXPECT_EQ(network.metadata.input_mean.sizes().vec(), std::vector<int64_t>{60});
  EXPECT_TRUE(at::allclose(network.metadata.input_mean, data.train.inputs.mean(0)));
}

}  // namespace
}  // namespace ncprune
