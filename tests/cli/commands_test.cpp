// The commands on tiny data, from the outside.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "ncprune/base/json.h"
#include "ncprune/criteria/criterion.h"
#include "ncprune/prune/method.h"
#include "tests/cli/program.h"

namespace ncprune {
namespace {

using testing::content;
using testing::run_program;

class Commands : public ::testing::Test {
 protected:
  std::string run(const std::string& arguments) {
    const testing::Outcome outcome = run_program(folder_, arguments);
    EXPECT_EQ(outcome.code, 0) << arguments << ": " << outcome.error;
    return outcome.output;
  }

  Folder folder_;
};

TEST_F(Commands, TrainPruneEvaluateWithAClassOfOneSample) {
  const std::string data = "--data 'synthetic:3,6,80?spread=3' --imbalance classes:2@0.01 ";
  run("train " + data + "--arch mlp:16,8 --epochs 4 -o dense.onnx --json history.json");
  EXPECT_EQ(Json::parse(content(folder_, "history.json"))["history"].size(), 4);
  run("prune " + data + "dense.onnx -o pruned.onnx --sparsity 0.7 --head realign");
  const std::string table =
      run("evaluate " + data + "dense.onnx pruned.onnx --noise 0.1 --json out.json");
  EXPECT_NE(table.find("minority"), std::string::npos);
  const Json json = Json::parse(content(folder_, "out.json"));
  ASSERT_EQ(json["networks"].size(), 2);
  EXPECT_EQ(json["minority"], Json::array({2}));
  EXPECT_EQ(json["networks"][1]["recall"].size(), 3);
  EXPECT_GT(json["networks"][1]["balanced_accuracy"], 0.6);
  EXPECT_TRUE(json["networks"][1]["noisy"].contains("worst_recall"));
}

TEST_F(Commands, OneSeedGivesOneFileToTheByte) {
  const std::string data = "--data synthetic:2,4,60 --seed 5 --threads 1 ";
  for (const std::string run_name : {"a", "b"}) {
    run("train " + data + "--arch mlp:8 --epochs 2 -o dense-" + run_name + ".onnx");
    run("prune " + data + "dense-" + run_name + ".onnx -o pruned-" + run_name + ".onnx");
  }
  EXPECT_EQ(content(folder_, "dense-a.onnx"), content(folder_, "dense-b.onnx"));
  EXPECT_EQ(content(folder_, "pruned-a.onnx"), content(folder_, "pruned-b.onnx"));
}

TEST_F(Commands, ListsNameEverythingThereIs) {
  const std::string printed = "\n" + run("methods") + run("criteria");
  for (const Method& method : methods()) {
    EXPECT_NE(printed.find("\n" + method.name + "\n"), std::string::npos) << method.name;
  }
  for (const Criterion& criterion : criteria()) {
    EXPECT_NE(printed.find(criterion.name + "\n"), std::string::npos) << criterion.name;
  }
}

TEST_F(Commands, AStudyIsCheckedBeforeItRuns) {
  folder_.write("grid.toml",
                "data = 'synthetic:2,4,60'\nimbalance = 'none'\n"
                "architecture = 'mlp:8'\ntreatments = ['method/keep', 'method/refit']\n"
                "sparsities = [0.5]\nmethods = ['surgeon']\n"
                "[train]\nepochs = 1\n");
  EXPECT_EQ(run("study grid.toml --dry-run"), "1 networks to train, 4 cells to evaluate\n");
  run("study grid.toml --json rows.json");
  EXPECT_EQ(Json::parse(content(folder_, "rows.json"))["rows"].size(), 4);
  folder_.write("typo.toml", "data = 'synthetic:2,4,60'\n\nsparsity = 0.5\n");
  const testing::Outcome typo = run_program(folder_, "study typo.toml");
  EXPECT_EQ(typo.code, 1);
  EXPECT_NE(typo.error.find("typo.toml:3"), std::string::npos) << typo.error;
  EXPECT_NE(typo.error.find("sparsities"), std::string::npos) << typo.error;
}

}  // namespace
}  // namespace ncprune
