#include <gtest/gtest.h>

#include "ncprune/study/study.h"
#include "tests/study/two_classes.h"

namespace ncprune {
namespace {

// Two seeds of one method, in data that have no rare classes.
std::vector<StudyRow> rows_without_minority() {
  std::vector<StudyRow> rows;
  for (const uint64_t seed : {1U, 2U}) {
    for (const char* method : {"dense", "magnitude"}) {
      StudyRow row = row_of(method, seed, 6);
      row.outcome.classes.minority = {};
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
    EXPECT_NE(text.find("75.0"), std::string::npos) << text;
    EXPECT_EQ(text.find("nan"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace ncprune
