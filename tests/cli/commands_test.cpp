// The commands on tiny data, from the outside.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
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
  run("prune --force " + data + "dense.onnx -o pruned.onnx --sparsity 0.7 --head realign");
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

TEST_F(Commands, NetworkNoBetterThanChanceIsNotPrunedUnlessForced) {
  const std::string data = "--data 'synthetic:3,6,80?spread=3' ";
  run("train " + data + "--arch mlp:8 --epochs 1 --learning-rate 1e-9 -o dense.onnx");
  const std::string prune = "prune " + data + "dense.onnx -o pruned.onnx --sparsity 0.5 ";
  const testing::Outcome refused = run_program(folder_, prune);
  EXPECT_EQ(refused.code, 1);
  EXPECT_NE(refused.error.find("not above chance, 33 %"), std::string::npos) << refused.error;
  EXPECT_EQ(content(folder_, "pruned.onnx"), "");
  run(prune + "--force");
}

TEST_F(Commands, RobustnessHoldsNetworksSideBySide) {
  const std::string data = "--data 'synthetic:3,6,80?spread=3' --imbalance classes:2@0.1 ";
  run("train " + data + "--arch mlp:16,8 --epochs 4 -o dense.onnx");
  run("prune --force " + data + "dense.onnx -o pruned.onnx --sparsity 0.7");
  const std::string both =
      run("robustness " + data + "dense.onnx pruned.onnx --severities 2,5 --json out.json");
  for (const std::string word : {"weight-noise", "all corruptions", "PGD-10", "jacobian", "rare"}) {
    EXPECT_NE(both.find(word), std::string::npos) << word << " in: " << both;
  }
  const Json json = Json::parse(content(folder_, "out.json"));
  EXPECT_EQ(json["all_corruptions"].size(), 2);
  EXPECT_EQ(json["corruptions"].back()["severity"], 5);
  const std::string one = run("robustness " + data + "dense.onnx --measure attacks");
  EXPECT_EQ(one.find("weight-noise"), std::string::npos);
}

TEST_F(Commands, ReportWritesTheSameNumbersInEveryForm) {
  const std::string data = "--data 'synthetic:3,6,80?spread=3' --imbalance classes:2@0.1 ";
  run("train " + data + "--arch mlp:16,8 --epochs 4 -o dense.onnx");
  run("prune --force " + data + "dense.onnx -o pruned.onnx --sparsity 0.7");
  run("report " + data + "dense.onnx pruned.onnx --brief -o r.html,r.md,r.json,r.csv");
  const Json json = Json::parse(content(folder_, "r.json"));
  EXPECT_EQ(json["schema"], "ncprune.report/1");
  const double recall = json["networks"][1]["clean"]["recall"][0];
  const std::string csv = content(folder_, "r.csv");
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 1 + 2 * 3);
  EXPECT_NE(csv.find(fmt::format("{:.6g}", recall)), std::string::npos) << csv;
  EXPECT_NE(content(folder_, "r.md").find(fmt::format("{:.1f}", 100 * recall)), std::string::npos);
  EXPECT_NE(content(folder_, "r.html").find(fmt::format("{:.1f}", 100 * recall)),
            std::string::npos);
}

TEST_F(Commands, DoctorNamesTheClassesWithTooFewSamples) {
  const std::string data = "--data 'synthetic:3,6,200?spread=3' --imbalance classes:2@0.05 ";
  const std::string printed = run("doctor " + data + "--max-class-drop 10 --json d.json");
  EXPECT_NE(printed.find("21 samples give half of its weight to the class: 2"), std::string::npos)
      << printed;
  const Json json = Json::parse(content(folder_, "d.json"))["classes"];
  EXPECT_LT(json[2]["own_scatter"], 0.5);
  EXPECT_GT(json[0]["own_scatter"], 0.5);
  EXPECT_GT(json[2]["needed"], json[2]["held_out"]);
  EXPECT_EQ(run("doctor " + data).find("promise"), std::string::npos);
}

TEST_F(Commands, LatencyAndEvaluateRunWhatTheyAreAsked) {
  const std::string data = "--data 'synthetic:3,6,80?spread=3' ";
  run("train " + data + "--arch mlp:400,300 --epochs 2 -o dense.onnx");
  run("prune --force " + data + "dense.onnx -o small.onnx --structured 0.9 --round-to 10");
  for (const std::string runtime : {"ncprune", "onnxruntime"}) {
    const std::string printed =
        run("latency dense.onnx small.onnx --batch 4 --runs 5 --threads 1 "
            "--runtime " +
            runtime + " --json latency.json");
    EXPECT_NE(printed.find("1 thread, 4 samples per run, 5 runs"), std::string::npos) << printed;
    const Json json = Json::parse(content(folder_, "latency.json"));
    EXPECT_EQ(json["runtime"], runtime);
    ASSERT_EQ(json["networks"].size(), 2);
    EXPECT_EQ(json["networks"][1]["macs"], 6 * 40 + 40 * 30 + 30 * 3);
    EXPECT_GT(json["networks"][0]["milliseconds"]["median"], 0);
    run("evaluate " + data + "small.onnx --runtime " + runtime + " --json " + runtime + ".json");
  }
  EXPECT_EQ(Json::parse(content(folder_, "ncprune.json"))["networks"],
            Json::parse(content(folder_, "onnxruntime.json"))["networks"]);
}

TEST_F(Commands, CompareTellsWhatChanged) {
  const std::string data = "--data 'synthetic:3,6,80?spread=3' --imbalance classes:2@0.1 ";
  run("train " + data +
      "--arch mlp:16,8 --epochs 20 --batch 16 --learning-rate 0.01 -o dense.onnx");
  run("prune --force " + data + "dense.onnx -o pruned.onnx --sparsity 0.98 --method random");
  const std::string printed = run("compare " + data + "dense.onnx pruned.onnx --json changes.json");
  EXPECT_NE(printed.find("balanced accuracy"), std::string::npos) << printed;
  EXPECT_NE(printed.find("is taken for"), std::string::npos) << printed;
  const Json json = Json::parse(content(folder_, "changes.json"));
  EXPECT_EQ(json["minority"], Json::array({2}));
  int64_t lost = 0;
  for (const Json& change : json["classes"]) lost += change["lost"].get<int64_t>();
  EXPECT_GT(lost, 0);
  EXPECT_LE(lost, json["exemplars"].size());
  EXPECT_LT(json["balanced_accuracy"]["low"], json["balanced_accuracy"]["high"]);
  // With itself nothing changed, and that is no table of confusions.
  const std::string same = run("compare " + data + "dense.onnx dense.onnx");
  EXPECT_NE(same.find("0 samples are classified"), std::string::npos) << same;
  EXPECT_EQ(same.find("was taken for"), std::string::npos) << same;
}

TEST_F(Commands, PruneKeepsAPromiseOrSaysThatItCannot) {
  const std::string data = "--data 'synthetic:2,6,800?spread=3' ";
  run("train " + data + "--arch mlp:16,8 --epochs 4 -o dense.onnx");
  const std::string printed = run("prune --force " + data +
                                  "dense.onnx --min-recall 0=0.6 --sparsity 0.7 "
                                  "-o promised.onnx --json promised.json");
  EXPECT_NE(printed.find("steps kept the promise"), std::string::npos) << printed;
  const Json kept = Json::parse(content(folder_, "promised.json"))["promise"];
  EXPECT_TRUE(kept["kept"]);
  EXPECT_EQ(kept["steps"][0]["share"], 0.5);
  EXPECT_GE(kept["steps"][0]["classes"][0]["least_recall"], 0.6);

  // 200 held-out samples a class cannot show a drop below half a point.
  const testing::Outcome outcome =
      run_program(folder_, "prune --force " + data +
                               "dense.onnx --max-class-drop 0.5 --structured 0.9 -o best.onnx");
  EXPECT_EQ(outcome.code, 2) << outcome.error;
  EXPECT_NE(outcome.output.find("too few held-out samples"), std::string::npos) << outcome.output;
  EXPECT_NE(outcome.output.find("could not be shown to be kept"), std::string::npos);
  run("evaluate " + data + "best.onnx");
}

TEST_F(Commands, TheSurgeonMatchesScalesAndShiftsUnlessToldOtherwise) {
  const std::string data = "--data 'synthetic:3,6,80?spread=3' --imbalance classes:2@0.1 ";
  run("train " + data + "--arch 'mlp:16,8?batchnorm=true' --epochs 2 -o dense.onnx");
  const auto treatment = [&](const std::string& options) {
    run("plan --force " + data + "dense.onnx -o plan.json --sparsity 0.7 " + options);
    return Json::parse(content(folder_, "plan.json"))["recipe"]["finish"].get<std::string>();
  };
  EXPECT_EQ(treatment(""), "match");
  EXPECT_EQ(treatment("--finish keep"), "keep");
  EXPECT_EQ(treatment("--method magnitude"), "keep") << "as it was published";
  EXPECT_EQ(treatment("--method magnitude --finish match"), "match");
  const std::string line = "finish: scales and shifts of channels matched";
  const std::string prune = "prune --force " + data + "dense.onnx -o pruned.onnx --sparsity 0.7 ";
  EXPECT_NE(run(prune).find(line), std::string::npos);
  EXPECT_EQ(run(prune + "--finish keep").find(line), std::string::npos);
  EXPECT_NE(run("apply --force " + data + "plan.json dense.onnx -o applied.onnx").find(line),
            std::string::npos);
}

TEST_F(Commands, FinetuneKeepsTheZerosAndFollowsATeacher) {
  const std::string data = "--data 'synthetic:3,6,80?spread=3' --imbalance classes:2@0.1 ";
  run("train " + data + "--arch mlp:16,8 --epochs 3 -o dense.onnx");
  run("prune --force " + data +
      "dense.onnx -o pruned.onnx --sparsity 0.75 --method magnitude-uniform");
  const std::string printed = run("finetune " + data +
                                  "pruned.onnx -o tuned.onnx --epochs 2 --loss balanced-softmax "
                                  "--teacher dense.onnx --distill-features 0.5 --json tuned.json");
  EXPECT_NE(printed.find("sparsity 75.0 % before, 75.0 % after"), std::string::npos) << printed;
  const Json json = Json::parse(content(folder_, "tuned.json"));
  EXPECT_EQ(json["history"].size(), 3) << "epoch 0 is the network as it was";
  EXPECT_TRUE(json["history"][0]["loss"].is_null());
  EXPECT_DOUBLE_EQ(json["sparsity_before"], 0.75);
  EXPECT_DOUBLE_EQ(json["sparsity_after"], 0.75);
  // Units removed for real: just trained. The metadata stay.
  run("prune --force " + data + "dense.onnx -o small.onnx --structured 0.5");
  run("finetune " + data + "small.onnx -o small-tuned.onnx --epochs 1 --teacher dense.onnx");
  run("evaluate " + data + "small-tuned.onnx --json small.json");
  EXPECT_EQ(Json::parse(content(folder_, "small.json"))["minority"], Json::array({2}));
}

TEST_F(Commands, GradualPrunesInStepsAndRewinds) {
  const std::string data = "--data 'synthetic:3,6,80?spread=3' ";
  run("train " + data +
      "--arch mlp:16,8 --epochs 3 -o dense.onnx --save-epoch 0=start.onnx "
      "--save-epoch 1=early.onnx");
  EXPECT_FALSE(content(folder_, "start.onnx").empty());
  for (const std::string schedule : {"iterative", "cubic", "rewind --rewind-to early.onnx"}) {
    run("gradual --force " + data +
        "dense.onnx -o out.onnx --steps 2 --epochs 1 --sparsity 0.75 "
        "--method magnitude-uniform --json out.json --sparsity-schedule " +
        schedule);
    const Json json = Json::parse(content(folder_, "out.json"));
    EXPECT_EQ(json["steps"].size(), 2);
    EXPECT_DOUBLE_EQ(json["sparsity"], 0.75);
  }
}

TEST_F(Commands, TrainSaysWhichEpochItDidNotReach) {
  const testing::Outcome outcome = run_program(folder_,
                                               "train --data 'synthetic:2,4,60?spread=9' --arch "
                                               "mlp:8 --epochs 40 --patience 1 -o dense.onnx "
                                               "--save-epoch 40=late.onnx");
  EXPECT_EQ(outcome.code, 0) << outcome.error;
  EXPECT_NE(outcome.error.find("late.onnx was not written: training stopped before epoch 40"),
            std::string::npos)
      << outcome.error;
}

TEST_F(Commands, CollapseMeasuresNetworksOfDifferentWidthSideBySide) {
  const std::string data = "--data 'synthetic:3,6,80?spread=3' --imbalance classes:2@0.01 ";
  run("train " + data + "--arch mlp:16,8 --epochs 4 -o dense.onnx");
  run("prune --force " + data + "dense.onnx -o narrow.onnx --structured 0.5");
  const std::string printed = run("collapse " + data + "dense.onnx narrow.onnx --json out.json");
  EXPECT_NE(printed.find("one sample, which looks like perfect collapse: 2\n"), std::string::npos)
      << printed;
  for (size_t end = 0, begin = 0; end != std::string::npos; begin = end + 1) {
    end = printed.find('\n', begin);
    EXPECT_LE(std::min(end, printed.size()) - begin, 80) << printed.substr(begin, end - begin);
  }
  const Json json = Json::parse(content(folder_, "out.json"));
  EXPECT_EQ(json["part"], "train");
  EXPECT_EQ(json["counts"], Json::array({60, 60, 1}));
  ASSERT_EQ(json["networks"].size(), 2);
  for (const Json& network : json["networks"]) {
    ASSERT_EQ(network["layers"].size(), 2);
    for (const Json& layer : network["layers"]) {
      const bool dense = network["network"] == "dense.onnx";
      EXPECT_EQ(layer["distance_to_dense"] == 0, dense);
      EXPECT_LT(layer["distance_to_dense"], 1);
      EXPECT_EQ(layer["class_nc1"].size(), 3);
      EXPECT_EQ(layer["class_nc1"][2], 0) << "a single sample";
      EXPECT_GT(layer["nc1"], 0);
      EXPECT_EQ(layer["worst_pair"].size(), 2);
    }
    EXPECT_EQ(network["head"]["class_disagreement"].size(), 3);
  }
  EXPECT_NE(printed, run("collapse " + data + "dense.onnx narrow.onnx --on test --json test.json"));
  EXPECT_EQ(Json::parse(content(folder_, "test.json"))["counts"], Json::array({80, 80, 80}));
}

TEST_F(Commands, OneSeedGivesOneFileToTheByte) {
  const std::string data = "--data synthetic:2,4,60 --seed 5 --threads 1 ";
  for (const std::string run_name : {"a", "b"}) {
    run("train " + data + "--arch mlp:8 --epochs 2 -o dense-" + run_name + ".onnx");
    run("prune --force " + data + "dense-" + run_name + ".onnx -o pruned-" + run_name + ".onnx");
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

TEST_F(Commands, TheListedPartsMakeTheMethod) {
  const std::string data = "--data 'synthetic:3,6,40?spread=3' ";
  run("train " + data + "--arch 'mlp:8,6?batchnorm=true' --epochs 1 -o dense.onnx");
  run("methods --json methods.json");
  const auto planned = [&](const std::string& options) {
    run("plan --force " + data + "dense.onnx -o plan.json --sparsity 0.5 " + options);
    Json plan = Json::parse(content(folder_, "plan.json"));
    plan["recipe"]["method"].erase("name");
    return plan.dump();
  };
  for (const Json& method : Json::parse(content(folder_, "methods.json"))) {
    const auto name = method["name"].get<std::string>();
    if (name != "alps" && name != "surgeon" && name != "synflow") continue;
    EXPECT_EQ(planned("--method wanda " + method["parts"].get<std::string>()),
              planned("--method " + name))
        << name;
  }
}

TEST_F(Commands, AStudyIsCheckedBeforeItRuns) {
  folder_.write("grid.toml",
                "data = 'synthetic:2,4,60'\nimbalance = 'none'\n"
                "architecture = 'mlp:8'\ntreatments = ['method/keep', 'method/refit']\n"
                "sparsities = [0.5]\nmethods = ['surgeon']\n"
                "[train]\nepochs = 1\n");
  const std::string size = run("study grid.toml --dry-run");
  EXPECT_EQ(size.find("1 networks to train, 4 cells to evaluate\nAbout "), 0) << size;
  folder_.write("elsewhere.toml", "data = ['cifar100']\n");
  EXPECT_NE(run("study elsewhere.toml --dry-run").find("(without cifar100: not found)"),
            std::string::npos);
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
