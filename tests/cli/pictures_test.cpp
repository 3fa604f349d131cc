// Networks of other programs and their pictures, from the outside: what the options say about the
// input is in every written file, and every command uses it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "ncprune/base/json.h"
#include "ncprune/model/architectures.h"
#include "ncprune/onnx/onnx.h"
#include "tests/cli/program.h"
#include "tests/data/image_bytes.h"

namespace ncprune {
namespace {

using testing::content;
using testing::Outcome;
using testing::run_program;

class Pictures : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < 12; ++i) {
      for (const char* part : {"train", "val"}) {
        folder_.write(fmt::format("d/{}/dark/{}.png", part, i),
                      png_bytes(pattern(3, 9 + i, 12, i)));
        folder_.write(fmt::format("d/{}/light/{}.png", part, i),
                      png_bytes(plain(3, 9, static_cast<uint8_t>(200 + i))));
      }
    }
    Network network = build_network("mlp:6", {3, 4, 5}, 2, Random(1));
    network.input.shape = {-1, 4, 5, 3};  // it flattens whatever it gets
    write_onnx(folder_.path() + "/dense.onnx", network);
  }

  std::string run(const std::string& arguments) {
    const Outcome outcome = run_program(folder_, arguments);
    EXPECT_EQ(outcome.code, 0) << arguments << ": " << outcome.error;
    return outcome.output;
  }

  // The one line of a refusal.
  std::string refusal(const std::string& arguments) {
    const Outcome outcome = run_program(folder_, arguments + " --quiet");
    EXPECT_EQ(outcome.code, 1) << arguments;
    EXPECT_EQ(std::count(outcome.error.begin(), outcome.error.end(), '\n'), 1) << outcome.error;
    return outcome.error;
  }

  Folder folder_;
};

const std::string kOptions =
    "'images:d?resize=6&crop=4x5&mean=imagenet&range=255&channels=bgr&layout=nhwc' ";

TEST_F(Pictures, EveryWrittenFileKeepsWhatTheOptionsSay) {
  run("prune dense.onnx --force --sparsity 0.5 -o small.onnx --data " + kOptions);
  run("finetune small.onnx --epochs 1 -o tuned.onnx --data images:d");
  for (const char* file : {"small.onnx", "tuned.onnx"}) {
    const Metadata metadata = read_onnx(folder_.path() + "/" + file).metadata;
    EXPECT_TRUE(metadata.reversed_channels) << file;
    EXPECT_TRUE(metadata.channels_last) << file;
    EXPECT_NEAR(metadata.input_mean.flatten()[0].item<double>(), 0.485, 1e-6) << file;
    EXPECT_EQ(Json::parse(metadata.other.at("ncprune.preprocessing"))["crop"], Json({4, 5}));
  }
  // The dense network needs the options, the pruned one not; together one of them has them.
  const std::string with = run("compare dense.onnx small.onnx --json a.json --data " + kOptions);
  const std::string without =
      run("evaluate small.onnx --runtime onnxruntime --json b.json --data images:d");
  const std::string same = run("evaluate small.onnx --json c.json --data " + kOptions);
  EXPECT_EQ(Json::parse(content(folder_, "b.json"))["networks"],
            Json::parse(content(folder_, "c.json"))["networks"]);
}

TEST_F(Pictures, ContradictionsAreNamedAndNothingIsWritten) {
  EXPECT_NE(refusal("prune dense.onnx --sparsity 0.5 -o x.onnx --data 'images:d?resize=4x5'")
                .find("images:DIR?layout=nhwc"),
            std::string::npos);
  EXPECT_EQ(content(folder_, "x.onnx"), "");
  run("prune dense.onnx --force --sparsity 0.5 -o small.onnx --data " + kOptions);
  EXPECT_NE(refusal("evaluate small.onnx --data 'images:d?crop=5x4'")
                .find("small.onnx says crop=4x5, --data says crop=5x4; wanted one of them"),
            std::string::npos);
  // The values of ImageNet in the range and the order that the network takes.
  EXPECT_NE(refusal("evaluate small.onnx --data 'images:d?mean=0.5'")
                .find("small.onnx says mean=103.53,116.28,123.675, --data says mean=0.5"),
            std::string::npos);
}

}  // namespace
}  // namespace ncprune
