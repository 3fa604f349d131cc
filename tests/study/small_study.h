#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ncprune/study/study.h"
#include "tests/data/folder.h"

namespace ncprune {

inline Study small_study() {
  Study study;
  study.data = {"synthetic:3,6,40?spread=2"};
  study.imbalance = {"classes:2@0.1"};
  study.architecture = "mlp:6,5";
  study.seeds = {3, 4};
  study.methods = {"magnitude", "surgeon"};
  study.treatments = {"method/keep", "least-squares/refit"};
  study.sparsities = {0.5, 0.8};
  study.train.epochs = 1;
  return study;
}

inline std::string name_of(const StudyRow& row) {
  return row.cell.data + " " + row.cell.imbalance + " " + std::to_string(row.cell.seed) + " " +
         row.cell.method + " " + std::to_string(row.cell.sparsity) + " " + row.cell.treatment +
         " (" + row.cell.repair + "/" + row.cell.head + ")";
}

// Runs a study and remembers which cells were made.
struct Runner {
  std::vector<std::string> made = {};

  // `file` keeps the rows; empty: nothing does.
  std::vector<StudyRow> run(const Study& study, const std::string& file = {}) {
    made.clear();
    StudyRun how;
    how.visit = [this](const StudyRow& row, const Network&) { made.push_back(name_of(row)); };
    how.results = file;
    return run_study(study, how);
  }
};

class StudyFile : public ::testing::Test {
 protected:
  Folder folder_;
  std::string file_ = folder_.path() + "/rows.db";
  Runner runner_;
};

}  // namespace ncprune
