// torchvision's networks as PyTorch exports them: read, run, compiled to C, half of their channels
// removed, and what is written judged by ONNX's checker and ONNX Runtime.
#include <ATen/ops/arange.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/randn.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <sstream>

#include "ncprune/base/file.h"
#include "ncprune/compile/compile.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/onnx/onnx.h"
#include "ncprune/prune/prune.h"
#include "tests/compile/c_program.h"

namespace ncprune {
namespace {

namespace fs = std::filesystem;

// Those that are quick to export and to judge; NCPRUNE_FOREIGN_MODELS="vit_b_16@224 ..." names
// others.
constexpr const char* kModels =
    "resnet18@64 mobilenet_v2@64 mobilenet_v3_small@64 squeezenet1_0@64 shufflenet_v2_x1_0@64 "
    "efficientnet_b0@64 googlenet@64";

// How the C is compiled; NCPRUNE_FOREIGN_COMPILERS="gcc -O1 -mno-avx2; clang ..." names others.
constexpr const char* kCompilers = "cc -std=c11 -O0 -march=native";

at::Tensor floats_of(const std::string& path) {
  std::string bytes = read_file(path);
  return at::from_blob(bytes.data(), {static_cast<int64_t>(bytes.size() / sizeof(float))},
                       at::kFloat)
      .clone();
}

// Relative to the largest of `wanted`.
double difference(const at::Tensor& found, const at::Tensor& wanted) {
  return ((found - wanted.view(found.sizes())).abs().max() / wanted.abs().max()).item<double>();
}

class ForeignModels : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "ncprune_foreign_" + std::to_string(getpid()) + "/";
    fs::create_directories(folder_ + "pruned");
    const char* wanted = std::getenv("NCPRUNE_FOREIGN_MODELS");
    models_ = wanted != nullptr ? wanted : kModels;
    const char* commands = std::getenv("NCPRUNE_FOREIGN_COMPILERS");
    std::istringstream list(commands != nullptr ? commands : kCompilers);
    for (std::string command; std::getline(list, command, ';');) compilers_.push_back(command);
  }
  void TearDown() override { fs::remove_all(folder_); }

  static int shell(const std::string& command) { return std::system(command.c_str()); }

  // Random images are enough to prune by the weights' norms and to compare with.
  static Pruned halve(const Network& network) {
    Dataset images;
    std::vector<int64_t> shape = network.input.shape;
    shape.front() = 10;
    images.inputs = at::randn(shape);
    images.labels = at::arange(10);
    for (int64_t c = 0; c < 10; ++c) images.class_names.push_back(std::to_string(c));
    const Recipe recipe{.method = find_method("l1-norm"), .remove = "units", .share = 0.5};
    return prune(network, images, recipe);
  }

  // As C, by every compiler, without a report of a sanitizer.
  void expect_compiled(const Network& network, const at::Tensor& inputs,
                       const at::Tensor& wanted) const {
    const std::string source = compile(network, {}).source;
    for (const std::string& command : compilers_) {
      const testing::ProgramScores found =
          testing::run_as_program(source, command, inputs, network.num_classes());
      ASSERT_TRUE(found.scores.defined()) << command << ": " << found.report;
      EXPECT_LE(difference(found.scores, wanted), 1e-4) << command;
    }
  }

  std::string folder_;
  std::string models_;
  std::vector<std::string> compilers_;
};

TEST_F(ForeignModels, AreReadRunCompiledHalvedAndAcceptedByOthers) {
  const std::string here = NCPRUNE_SOURCE_DIR "/tests/";
  ASSERT_EQ(shell("/usr/bin/python3 '" + here + "foreign/export_models.py' '" + folder_ + "' " +
                  models_ + " > /dev/null"),
            0);
  std::map<std::string, at::Tensor> scores;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    if (entry.path().extension() != ".onnx") continue;
    const std::string name = entry.path().stem().string();
    SCOPED_TRACE(name);
    const Network network = read_onnx(entry.path().string());
    std::vector<int64_t> shape = network.input.shape;
    const at::Tensor inputs = floats_of(folder_ + name + ".inputs.f32").view(shape);
    const at::Tensor wanted = floats_of(folder_ + name + ".wanted.f32");
    EXPECT_LE(difference(logits(network, inputs), wanted), 1e-4);
    expect_compiled(network, inputs, wanted);

    const Pruned pruned = halve(network);
    EXPECT_LE(pruned.shrinkage->difference, 1e-5);
    const NetworkCost before = pruned.shrinkage->before;
    const NetworkCost after = pruned.shrinkage->after;
    std::map<std::string, int64_t> stay;  // by reason
    for (const PrunedLayer& layer : pruned.layers)
      stay[layer.reason] += layer.reason.empty() ? 0 : 1;
    fmt::print("{:20s} parameters {} -> {}, multiply-adds {} -> {}, {} of {} layers pruned\n", name,
               before.parameters, after.parameters, before.macs, after.macs,
               std::count_if(pruned.layers.begin(), pruned.layers.end(),
                             [](const PrunedLayer& l) { return l.reason.empty(); }),
               pruned.layers.size());
    EXPECT_LT(after.macs, before.macs);
    write_onnx(folder_ + "pruned/" + name + ".onnx", pruned.network);
    fs::copy_file(folder_ + name + ".inputs.f32", folder_ + "pruned/" + name + ".inputs.f32");
    scores[name] = logits(pruned.network, inputs);
  }
  EXPECT_FALSE(scores.empty());
  EXPECT_EQ(shell("/usr/bin/python3 '" + here + "onnx/check_models.py' '" + folder_ +
                  "pruned' > /dev/null"),
            0);
  ASSERT_EQ(shell("node '" + here + "onnx/onnxruntime.cjs' '" + folder_ + "pruned'"), 0);
  for (const auto& [name, ours] : scores) {
    EXPECT_LE(difference(ours, floats_of(folder_ + "pruned/" + name + ".scores.f32")), 1e-4)
        << name;
  }
}

}  // namespace
}  // namespace ncprune
