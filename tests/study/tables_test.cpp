#include <gtest/gtest.h>

#include "ncprune/study/study.h"

namespace ncprune {
namespace {

// Two seeds of one method, in data that have no rare classes.
std::vector<StudyRow> rows_without_minority() {
  std::vector<StudyRow> rows;
  for (const uint64_t seed : {1U, 2U}) {
    for (const char* method : {"dense", "magnitude"}) {
      StudyRow row;
      row.cell.data = "data";
      row.cell.imbalance = "none";
      row.cell.seed = seed;
      row.cell.method = method;
      row.cell.treatment = "method/keep";
      row.cell.sparsity = row.cell.is_dense() ? 0 : 0.9;
      row.outcome.result.clean.recall = {0.5, 0.7};
      row.outcome.result.clean.balanced_accuracy = 0.6;
      row.outcome.classes = {{"a", "b"}, {9, 9}, {}};
      rows.push_back(row);
    }
  }
  return rows;
}

TEST(StudyTables, SayNothingOfRareClassesWhereThereAreNone) {
  for (const auto& tables :
       {summary_tables(rows_without_minority()), league_tables(rows_without_minority())}) {
    ASSERT_FALSE(tables.empty());
    const std::string text = to_text(tables.front());
    EXPECT_NE(text.find("60.0"), std::string::npos) << text;
    EXPECT_EQ(text.find("nan"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace ncprune
