// Studies on tiny data: the grid, its rows, and what is not done twice.
#include "ncprune/study/study.h"

#include <gtest/gtest.h>

#include <bit>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "ncprune/onnx/onnx.h"
#include "tests/data/input_error.h"
#include "tests/study/small_study.h"

namespace ncprune {
namespace {

std::vector<std::string> names(const std::vector<StudyRow>& rows) {
  std::vector<std::string> all;
  for (const StudyRow& row : rows) all.push_back(name_of(row));
  return all;
}

// A row as data, without the time it took.
std::string content(StudyRow row) {
  row.outcome.seconds = 0;
  return row_json(row).dump();
}

TEST_F(StudyFile, TheGridsRowsComeInItsOrderTheDenseNetworksFirst) {
  const std::vector<StudyRow> rows = runner_.run(small_study());
  std::vector<std::string> wanted;
  for (const std::string seed : {"3", "4"}) {
    const auto add = [&](const std::string& cell, const std::string& own,
                         const std::string& repaired) {
      const std::string where = "synthetic:3,6,40?spread=2 classes:2@0.1 " + seed + " " + cell;
      wanted.push_back(where + " method/keep (" + own + "/keep)");
      wanted.push_back(where + " least-squares/refit (" + repaired + "/refit)");
    };
    add("dense 0.000000", "none", "none");
    for (const std::string sparsity : {"0.500000", "0.800000"})
      add("magnitude " + sparsity, "none", "least-squares");
    for (const std::string sparsity : {"0.500000", "0.800000"}) {
      add("surgeon " + sparsity, "least-squares", "least-squares");
    }
  }
  EXPECT_EQ(names(rows), wanted);
  EXPECT_EQ(runner_.made, wanted);
  EXPECT_EQ(study_size(small_study()).cells, std::ssize(rows));
  for (const StudyRow& row : rows) {
    EXPECT_NEAR(row.outcome.reached, row.cell.sparsity, 0.05) << name_of(row);
    EXPECT_EQ(row.outcome.result.clean.recall.size(), 3);
    EXPECT_TRUE(row.outcome.result.noisy.has_value());
    EXPECT_TRUE(row.outcome.validation.has_value());
    EXPECT_EQ(row.outcome.network.size(), 64);
    EXPECT_EQ(row.outcome.macs, 6 * 6 + 6 * 5 + 5 * 3);
    // The bits say what the recall says.
    int64_t right = 0;
    for (const char byte : row.outcome.right)
      right += std::popcount(static_cast<unsigned char>(byte));
    double hits = 0;
    for (size_t c = 0; c < 3; ++c) {
      hits += row.outcome.result.clean.recall[c] * static_cast<double>(row.outcome.tested[c]);
    }
    EXPECT_NEAR(hits, static_cast<double>(right), 1e-6);
  }
}

TEST_F(StudyFile, CellsThatStandInTheFileAreNotRunAgain) {
  const std::vector<StudyRow> first = runner_.run(small_study(), file_);
  EXPECT_EQ(runner_.made, names(first));
  const std::vector<StudyRow> second = runner_.run(small_study(), file_);
  EXPECT_TRUE(runner_.made.empty());
  EXPECT_EQ(study_status(file_).size(), 1) << "nothing to run is no run";
  ASSERT_EQ(names(second), names(first));
  for (size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(pack_row(second[i]), pack_row(first[i]));
  }
}

TEST_F(StudyFile, NetworksThatAreKeptAreReadAndNotTrainedAgain) {
  Study study = small_study();
  study.seeds = {3};
  StudyRun how;
  how.networks = folder_.path() + "/networks";
  const std::vector<StudyRow> first = run_study(study, how);
  const std::string kept =
      how.networks + "/synthetic:3,6,40?spread=2,classes:2@0.1,mlp:6,5,seed 3.onnx";
  const std::vector<StudyRow> second = run_study(study, how);
  for (size_t i = 0; i < first.size(); ++i) EXPECT_EQ(content(second[i]), content(first[i]));

  Network network = read_onnx(kept);
  network.initializers.at("head.weight").zero_();
  network.initializers.at("head.bias").zero_();
  write_onnx(kept, network);
  const StudyRow dense = run_study(study, how).front();
  EXPECT_EQ(dense.outcome.result.clean.recall, (std::vector<double>{1, 0, 0}));  // all scores alike

  study.train.batch = 7;
  const std::string refusal = input_error([&] { run_study(study, how); });
  EXPECT_EQ(refusal.rfind(kept + ": was trained with other settings", 0), 0U) << refusal;
}

TEST_F(StudyFile, RowsOfOtherSettingsAreNotTakenForTheGrids) {
  Study study = small_study();
  study.seeds = {3};
  const size_t cells = runner_.run(study, file_).size();
  const auto runs_all_of = [&](const Study& other) {
    runner_.run(other, file_);
    EXPECT_EQ(runner_.made.size(), cells);
  };
  Study other = study;
  other.architecture = "mlp:6,4";
  runs_all_of(other);
  other = study;
  other.train.epochs = 2;
  runs_all_of(other);
  other = study;
  other.metric.kappa = 3;
  runs_all_of(other);
  other = study;
  other.remove = "units";
  runs_all_of(other);
  runner_.run(study, file_);
  EXPECT_TRUE(runner_.made.empty()) << "its own rows are still there";
}

TEST_F(StudyFile, AWiderGridRunsOnlyWhatIsMissingAndGetsTheSameNumbers) {
  runner_.run(small_study(), file_);
  Study wider = small_study();
  wider.seeds = {3, 4, 5};
  wider.sparsities = {0.5, 0.8, 0.9};
  const std::vector<StudyRow> rows = runner_.run(wider, file_);
  // Seeds 3 and 4: two methods and treatments at 90 %; seed 5 everything: 2 (1 + 2 x 3) cells.
  EXPECT_EQ(runner_.made.size(), 2 * 4 + 14);
  for (const std::string& made : runner_.made) {
    EXPECT_TRUE(made.find(" 5 ") != std::string::npos || made.find("0.900000") != std::string::npos)
        << made;
  }
  const std::vector<StudyRow> at_once = runner_.run(wider);
  ASSERT_EQ(names(rows), names(at_once));
  for (size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(content(rows[i]), content(at_once[i]));
}

TEST_F(StudyFile, RowsOfOtherGridsSurvive) {
  Study first = small_study();
  first.methods = {"wanda"};
  const std::vector<StudyRow> others = runner_.run(first, file_);
  Study second = small_study();
  second.data = {"synthetic:2,4,30"};
  second.imbalance = {"none"};
  EXPECT_EQ(runner_.run(second, file_).size(), 20);
  EXPECT_EQ(names(runner_.run(first, file_)), names(others));
  EXPECT_TRUE(runner_.made.empty());
}

TEST_F(StudyFile, ARunGoesOnWhereTheLastWasStopped) {
  const std::vector<StudyRow> at_once = runner_.run(small_study());
  struct Stop {};
  for (int stopped = 0;; ++stopped) {
    ASSERT_LE(stopped, std::ssize(at_once)) << "every run adds a row";
    StudyRun how;
    how.results = file_;
    int made = 0;
    how.visit = [&](const StudyRow& /*row*/, const Network& /*network*/) {
      if (++made == 2) throw Stop();  // one row is in, the next is not
    };
    try {
      const std::vector<StudyRow> rows = run_study(small_study(), how);
      ASSERT_EQ(names(rows), names(at_once));
      for (size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(content(rows[i]), content(at_once[i]));
      break;
    } catch (const Stop&) {
      EXPECT_EQ(study_rows(file_).size(), stopped + 1);
    }
  }
  const std::vector<RunStatus> runs = study_status(file_);
  EXPECT_EQ(runs.back().state, "done");
  EXPECT_EQ(runs.front().done, 1);
  EXPECT_EQ(runs.front().cells, 20);
}

TEST_F(StudyFile, WhatIsLeftIsCountedWithoutTouchingAnything) {
  Study study = small_study();
  study.treatments = {"method/keep", "method/keep/keep/finetune"};
  StudyRun how;
  how.results = file_;
  how.networks = folder_.path() + "/networks";
  EXPECT_EQ(study_size(study, how).networks, 2);
  EXPECT_EQ(study_size(study, how).cells, 20);
  const double whole = estimate(study, how).bytes;
  EXPECT_FALSE(std::filesystem::exists(file_));
  EXPECT_FALSE(std::filesystem::exists(how.networks));
  folder_.write("rows.db", "");
  EXPECT_EQ(study_size(study, how).cells, 20);
  EXPECT_EQ(std::filesystem::file_size(file_), 0);

  Study part = study;
  part.seeds = {3};
  run_study(part, how);
  EXPECT_EQ(study_size(study, how).networks, 1);
  EXPECT_EQ(study_size(study, how).cells, 10);
  EXPECT_NEAR(estimate(study, how).bytes, whole / 2, 1);
  std::filesystem::remove_all(how.networks);
  EXPECT_EQ(study_size(study, how).networks, 1) << "nothing is left of the other";
  study.sparsities.push_back(0.9);
  EXPECT_EQ(study_size(study, how).networks, 2);
  EXPECT_EQ(study_size(study, how).cells, 10 + 8);
  EXPECT_FALSE(std::filesystem::exists(how.networks));
}

TEST(ReadStudy, NamesAugmentationsInTheSettingsOnlyWhereThereAreSome) {
  const Folder folder;
  const auto study = [&](const std::string& train) {
    return read_study(folder.write("grid.toml", "[train]\nbatch = 8\n" + train));
  };
  EXPECT_EQ(Json::parse(study_settings(study("")))["train"].count("augment"), 0);
  EXPECT_EQ(study("augment = ['crop', 'flip']").train.augment,
            (std::vector<std::string>{"crop", "flip"}));
  EXPECT_EQ(Json::parse(study_settings(study("augment = 'mixup'")))["train"]["augment"],
            Json::array({"mixup"}));
}

TEST(ReadStudy, RefusesANegativeSeed) {
  EXPECT_EQ(input_error([] { parse_study("data = 'd'\nseeds = [0, -1]\n", "grid.toml"); }),
            "grid.toml:2: 'seeds' is negative: -1");
}

TEST(Estimate, ProbesDataWhoseRareClassesComeLate) {
  Study study = small_study();
  study.data = {"synthetic:2,4,3000", "cifar100"};
  study.imbalance = {"classes:1@0.001"};
  study.train.batch = 8;
  const StudyEstimate cost = estimate(study);
  EXPECT_EQ(cost.without, std::vector<std::string>{"cifar100"});
  EXPECT_GT(cost.training_seconds, 0);
  EXPECT_GT(cost.evaluation_seconds, 0);
  EXPECT_GT(cost.bytes, 1000);
}

TEST(RunStudy, RefusesABadGridBeforeTheFirstNetworkIsTrained) {
  const auto refusal = [](auto change) {
    Study study = small_study();
    change(study);
    return input_error([&] { run_study(study); });
  };
  EXPECT_NE(refusal([](Study& s) { s.methods = {"magic"}; }).find("magic"), std::string::npos);
  EXPECT_NE(refusal([](Study& s) { s.treatments = {"keep"}; }).find("REPAIR/HEAD"),
            std::string::npos);
  EXPECT_NE(refusal([](Study& s) { s.treatments = {"method/keep/keep/magic"}; }).find("finetune"),
            std::string::npos);
  EXPECT_NE(refusal([](Study& s) { s.treatments = {"method/magic"}; }).find("magic"),
            std::string::npos);
  EXPECT_NE(refusal([](Study& s) { s.sparsities = {1.5}; }).find("1.5"), std::string::npos);
  EXPECT_NE(refusal([](Study& s) { s.remove = "watts"; }).find("watts"), std::string::npos);
  EXPECT_NE(refusal([](Study& s) { s.pattern = "2:4"; }).find("cannot be 0.8"), std::string::npos)
      << "the pattern fixes the share";
}

TEST(RunStudy, GivesEveryMethodTheGridsPattern) {
  Study study = small_study();
  study.seeds = {3};
  study.treatments = {"method/keep", "least-squares/keep/match"};
  study.pattern = "2:3";
  study.sparsities = {1.0 / 3};
  int64_t pruned = 0;
  StudyRun how;
  how.visit = [&](const StudyRow& row, const Network& network) {
    if (row.cell.is_dense()) return;
    ++pruned;
    const at::Tensor kept = network.initializers.at("fc1.weight").ne(0).view({6, 2, 3}).sum(2);
    EXPECT_LE(kept.max().item<int64_t>(), 2) << name_of(row);
    EXPECT_GT(kept.sum().item<int64_t>(), 12) << name_of(row);
  };
  run_study(study, how);
  EXPECT_EQ(pruned, 4);
  EXPECT_EQ(Json::parse(study_settings(study))["pattern"], "2:3");
  EXPECT_FALSE(Json::parse(study_settings(small_study())).contains("pattern"));
}

TEST(RunStudy, FinetunesAndWhatIsZeroStaysZero) {
  Study study = small_study();
  study.seeds = {3};
  study.methods = {"magnitude-uniform"};
  study.sparsities = {0.5};
  study.treatments = {"method/keep", "method/keep/keep/finetune"};
  study.finetune.epochs = 2;
  std::map<std::string, double> zeros;
  StudyRun how;
  how.visit = [&](const StudyRow& row, const Network& network) {
    zeros[row.cell.method + (row.cell.finetuned ? ", tuned" : "")] =
        network.initializers.at("fc1.weight").eq(0).sum().item<double>();
  };
  const std::vector<StudyRow> rows = run_study(study, how);
  ASSERT_EQ(rows.size(), 4);
  EXPECT_EQ(zeros.at("dense"), 0);
  EXPECT_EQ(zeros.at("magnitude-uniform"), 18);
  EXPECT_EQ(zeros.at("magnitude-uniform, tuned"), 18);
  EXPECT_NE(content(rows[3]), content(rows[2]));
  EXPECT_EQ(Json::parse(study_settings(study))["finetune"]["epochs"], 2);
  study.treatments = {"method/keep"};
  EXPECT_FALSE(Json::parse(study_settings(study)).contains("finetune"));
}

TEST(RunStudy, RemovesUnitsWhereItIsAskedTo) {
  for (const std::string budget : {"units", "parameters", "macs"}) {
    Study study = small_study();
    study.seeds = {3};
    study.remove = budget;
    study.sparsities = {0.5};
    int64_t smaller = 0;
    StudyRun how;
    how.visit = [&](const StudyRow& row, const Network& network) {
      if (row.cell.is_dense()) return;
      smaller += network.initializers.at("fc2.weight").numel() < 5 * 6 ? 1 : 0;
      EXPECT_GT(row.outcome.reached, 0.2) << name_of(row);
    };
    run_study(study, how);
    EXPECT_EQ(smaller, 4) << budget;
  }
}

}  // namespace
}  // namespace ncprune
