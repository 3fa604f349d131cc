// Smaller files and networks, from the outside.
#include <ATen/ops/allclose.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "ncprune/base/json.h"
#include "ncprune/model/cost.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/onnx/onnx.h"
#include "tests/cli/program.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

using testing::content;
using testing::run_program;

const std::string kData = "--data 'synthetic:3,6,80?spread=3' ";

class ShrinkCommand : public ::testing::Test {
 protected:
  void SetUp() override { run("train " + kData + "--arch mlp:60,20 --epochs 3 -o dense.onnx"); }

  std::string run(const std::string& arguments) {
    const testing::Outcome outcome = run_program(folder_, arguments);
    EXPECT_EQ(outcome.code, 0) << arguments << ": " << outcome.error;
    return outcome.output;
  }

  void expect_refused(const std::string& arguments, const std::string& part) {
    const testing::Outcome outcome = run_program(folder_, arguments + " -o out.onnx");
    EXPECT_EQ(outcome.code, 1) << arguments;
    EXPECT_NE(outcome.error.find(part), std::string::npos) << outcome.error;
    EXPECT_EQ(std::count(outcome.error.begin(), outcome.error.end(), '\n'), 1) << outcome.error;
    EXPECT_EQ(content(folder_, "out.onnx"), "");
  }

  Network read(const std::string& file) { return read_onnx(folder_.path() + "/" + file); }

  void expect_same_scores(const std::string& file, const std::string& other) {
    const at::Tensor inputs = 3 * normal({50, 6}, 4).to(at::kFloat);
    EXPECT_TRUE(at::allclose(logits(read(file), inputs), logits(read(other), inputs), 1e-5, 1e-5));
  }

  size_t bytes(const std::string& file) { return content(folder_, file).size(); }

  Folder folder_;
};

TEST_F(ShrinkCommand, GivesTheSameFunctionWithFewerUnits) {
  run("prune --force dense.onnx " + kData + "--sparsity 0.9 -o pruned.onnx");
  const std::string text = run("shrink pruned.onnx -o small.onnx --json small.json");
  EXPECT_NE(text.find("idle"), std::string::npos);
  expect_same_scores("pruned.onnx", "small.onnx");
  EXPECT_LT(cost(read("small.onnx")).parameters, cost(read("pruned.onnx")).parameters);
  const Json json = Json::parse(content(folder_, "small.json"));
  EXPECT_EQ(json["shrunk"]["layers"][0]["units"]["before"], 60);
  EXPECT_LT(json["shrunk"]["layers"][0]["units"]["after"], 60);
  EXPECT_EQ(json["bytes"], bytes("small.onnx"));
  // In one step; and the recipe in the file starts another pruning of the dense network.
  run("prune --force dense.onnx " + kData + "--sparsity 0.9 --shrink -o at-once.onnx");
  EXPECT_EQ(content(folder_, "at-once.onnx"), content(folder_, "small.onnx"));
  run("prune --force dense.onnx " + kData + "--recipe small.onnx -o again.onnx");
  EXPECT_EQ(content(folder_, "again.onnx"), content(folder_, "pruned.onnx"));
}

TEST_F(ShrinkCommand, APlanIsForTheDenseNetwork) {
  run("plan --force dense.onnx " + kData + "--sparsity 0.9 -o plan.json");
  run("apply plan.json --force dense.onnx " + kData + "-o applied.onnx");
  run("apply plan.json --force dense.onnx " + kData + "--shrink -o small.onnx");
  expect_same_scores("applied.onnx", "small.onnx");
  EXPECT_LT(bytes("small.onnx"), bytes("applied.onnx"));
  expect_refused("apply plan.json --force small.onnx " + kData, "");
}

TEST_F(ShrinkCommand, SparseFilesHoldTheSameNetworkAndStaySparse) {
  run("prune --force dense.onnx " + kData + "--sparsity 0.9 -o pruned.onnx");
  run("prune --force dense.onnx " + kData + "--sparsity 0.9 --storage sparse -o sparse.onnx");
  EXPECT_LT(bytes("sparse.onnx"), bytes("pruned.onnx") / 2);
  const Network dense = read("pruned.onnx");
  for (const auto& [name, tensor] : read("sparse.onnx").initializers) {
    EXPECT_TRUE(tensor.equal(dense.initializers.at(name))) << name;
  }
  run("finetune sparse.onnx " + kData + "--epochs 1 -o tuned.onnx");
  EXPECT_TRUE(read("tuned.onnx").sparse);
  run("finetune sparse.onnx " + kData + "--epochs 1 --storage dense -o tuned-dense.onnx");
  EXPECT_FALSE(read("tuned-dense.onnx").sparse);
  run("gradual --force dense.onnx " + kData +
      "--sparsity 0.9 --steps 2 --epochs 1 --storage sparse --shrink -o gradual.onnx");
  EXPECT_TRUE(read("gradual.onnx").sparse);
  // Back to the dense file, which nothing else changes; also where negative weights were removed.
  for (const std::string method : {"surgeon", "sparsegpt", "magnitude"}) {
    const std::string prune =
        "prune --force dense.onnx " + kData + "--sparsity 0.9 --method " + method;
    run(prune + " -o pruned.onnx");
    run(prune + " --storage sparse -o sparse.onnx");
    run("shrink sparse.onnx --storage dense -o a.onnx");
    run("shrink pruned.onnx -o b.onnx");
    EXPECT_TRUE(content(folder_, "a.onnx") == content(folder_, "b.onnx")) << method;
  }
}

TEST_F(ShrinkCommand, BadInputIsRefusedInOneLine) {
  folder_.write("text.onnx", "this is not a network");
  expect_refused("shrink text.onnx", "text.onnx");
  expect_refused("shrink missing.onnx", "missing.onnx");
  expect_refused("shrink dense.onnx --storage tight", "tight");
  expect_refused("prune --force dense.onnx " + kData + "--storage tight", "tight");
  EXPECT_EQ(run_program(folder_, "shrink dense.onnx -o missing/out.onnx").code, 1);
}

}  // namespace
}  // namespace ncprune
