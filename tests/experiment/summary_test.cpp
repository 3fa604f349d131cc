#include <gtest/gtest.h>

#include "ncprune/experiment/study.h"

namespace ncprune {
namespace {

StudyRow row_of(int64_t seed, const std::string& treatment, double recall) {
  StudyRow row;
  row.data = "data";
  row.imbalance = "none";
  row.seed = seed;
  row.method = "dense";
  row.treatment = treatment;
  row.repair = "none";
  row.head = "keep";
  row.result.clean.recall = {recall, recall};
  row.result.clean.balanced_accuracy = recall;
  row.classes.minority = {0};
  return row;
}

TEST(SummaryTables, CountTreatmentsThatComeToTheSameOnceASeed) {
  const std::vector<Table> tables =
      summary_tables({row_of(0, "method/keep", 0.5), row_of(0, "least-squares/keep", 0.5),
                      row_of(1, "method/keep", 0.7), row_of(1, "least-squares/keep", 0.7)});
  ASSERT_EQ(tables.size(), 1);
  EXPECT_EQ(tables[0].title, "data, none, 2 seeds: mean ± standard deviation (%)");
  ASSERT_EQ(tables[0].rows.size(), 1);
  EXPECT_EQ(tables[0].rows[0][3], "60.0 ±14.1");
}

}  // namespace
}  // namespace ncprune
