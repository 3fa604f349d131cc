#include "ncprune/study/significance.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/data/input_error.h"
#include "tests/study/two_classes.h"

namespace ncprune {
namespace {

std::vector<StudyRow> rows_of(bool validated) {
  std::vector<StudyRow> rows;
  for (uint64_t seed = 0; seed < 6; ++seed) {
    rows.push_back(row_of("dense", seed, 8));
    rows.push_back(row_of("good", seed, 7, validated ? 0.4 : -1));
    rows.push_back(row_of("bad", seed, 2, validated ? 0.9 : -1));
    rows.push_back(row_of("same", seed, 7, validated ? 0.1 : -1));
  }
  return rows;
}

TEST(Rankings, TellHowSureADifferenceIs) {
  const std::vector<Ranking> all = rankings(rows_of(false), "good");
  ASSERT_EQ(all.size(), 2);
  EXPECT_EQ(all[0].score, "balanced accuracy");
  EXPECT_EQ(all[1].score, "minority recall");
  for (const Ranking& ranking : all) {
    EXPECT_EQ(ranking.problems, 6);
    ASSERT_EQ(ranking.differences.size(), 2);
    const MethodDifference& bad = ranking.differences[0];
    EXPECT_EQ(bad.method, "bad");
    EXPECT_NEAR(bad.difference, 5 / 8.0, 1e-12);
    EXPECT_EQ(bad.wins, 6);
    EXPECT_NEAR(bad.wilcoxon_p, 2 * 2.0 / 64, 1e-12);  // the smallest of six, times two
    ASSERT_TRUE(bad.interval && bad.bootstrap_p);
    // All six problems differ on the same 5 of 8 samples of a class: the mean of n samples drawn
    // anew is binomial, with n = 16 of two classes and 8 of the one that is rare.
    const bool rare = ranking.score == "minority recall";
    EXPECT_DOUBLE_EQ(bad.interval->low, rare ? 2 / 8.0 : 6 / 16.0);
    // The quantile 0.975 lies within the draws' error of the next step, where one class is drawn.
    EXPECT_GE(bad.interval->high, 14 / 16.0);
    EXPECT_LE(bad.interval->high, rare ? 1 : 15 / 16.0);
    const double none = std::pow(3 / 8.0, rare ? 8 : 16);  // that no drawn sample differs
    EXPECT_NEAR(*bad.bootstrap_p, 4 * (none + 1e-4), 1.2e-3);
    const MethodDifference& same = ranking.differences[1];
    EXPECT_DOUBLE_EQ(same.wilcoxon_p, 1);
    EXPECT_DOUBLE_EQ(*same.bootstrap_p, 1);
    EXPECT_EQ(same.wins + same.losses, 0);
    EXPECT_EQ(ranking.ranks->mean_ranks, (std::vector<double>{1.5, 3, 1.5}));
    EXPECT_TRUE(ranking_caveat(ranking).empty());
  }
}

TEST(Rankings, DrawTheTestSamplesThatProblemsShareOnce) {
  // Two methods that differ on the same two of eight samples, one for and one against each,
  // whatever the seed: more seeds do not make the test set larger.
  const auto width = [](uint64_t seeds) {
    std::vector<StudyRow> rows;
    for (uint64_t seed = 0; seed < seeds; ++seed) {
      rows.push_back(row_of("good", seed, 7));
      rows.push_back(row_of("bad", seed, 7));
      rows[rows.size() - 2].outcome.right = std::string(2, '\x7f');
      rows[rows.size() - 1].outcome.right = std::string(2, '\xfe');
    }
    const Interval found = *rankings(rows, "good").front().differences[0].interval;
    return found.high - found.low;
  };
  EXPECT_NEAR(width(1), width(6), 0.1 * width(1));
  EXPECT_GT(width(1), 0.1);
}

// Adds the common operating point: balanced accuracies in four resampled sets.
StudyRow judged_row(const std::string& method, uint64_t seed, std::vector<double> resampled) {
  StudyRow row = row_of(method, seed, 4);
  row.outcome.result.common = row.outcome.result.clean;
  row.outcome.result.common->balanced_accuracy = resampled[0];
  row.outcome.result.resampled.common_balanced = std::move(resampled);
  return row;
}

TEST(Rankings, CountHowUncertainTheCommonOperatingPointIs) {
  std::vector<StudyRow> rows;
  for (uint64_t seed = 0; seed < 2; ++seed) {
    rows.push_back(judged_row("good", seed, {0.8, 0.9, 0.7, 0.8}));
    rows.push_back(judged_row("bad", seed, {0.6, 0.6, 0.6, 0.6}));
  }
  const auto of_common = [&] {
    for (const Ranking& ranking : rankings(rows, "good")) {
      if (ranking.score == "common balanced accuracy") return ranking.differences.front();
    }
    return MethodDifference{};
  };
  const MethodDifference found = of_common();
  EXPECT_NEAR(found.difference, 0.2, 1e-12);
  // Both problems move together, so the spread is that of one: 0.1 sqrt(2 / 3).
  const double error = 0.1 * std::sqrt(2.0 / 3);
  ASSERT_TRUE(found.interval && found.bootstrap_p);
  EXPECT_NEAR(found.interval->low, 0.2 - 1.959964 * error, 1e-6);
  EXPECT_NEAR(found.interval->high, 0.2 + 1.959964 * error, 1e-6);
  EXPECT_NEAR(*found.bootstrap_p, std::erfc(0.2 / error / std::sqrt(2.0)), 1e-9);
  rows.back().outcome.result.resampled = {};  // an older row
  EXPECT_FALSE(of_common().interval.has_value());
  EXPECT_FALSE(of_common().bootstrap_p.has_value());
}

TEST(Rankings, ChooseTheReferenceOnValidationDataAndNeverOnTheTestSet) {
  const Ranking ranking = rankings(rows_of(true), "").front();
  EXPECT_EQ(ranking.reference, "bad");
  EXPECT_TRUE(ranking.chosen);
  EXPECT_LT(ranking.differences[0].difference, 0);
  EXPECT_NE(ranking_table(ranking).title.find("best on validation data"), std::string::npos);
  EXPECT_TRUE(rankings(rows_of(false), "").empty());
  EXPECT_NE(input_error([] { rankings(rows_of(false), "magic"); }).find("magic"),
            std::string::npos);
}

TEST(Rankings, NeedAnotherMethod) {
  std::vector<StudyRow> rows = rows_of(true);
  std::erase_if(rows, [](const StudyRow& row) {
    return row.cell.method == "bad" || row.cell.method == "same";
  });
  EXPECT_TRUE(rankings(rows, "good").empty());
  EXPECT_TRUE(rankings(rows, "").empty());
}

TEST(Rankings, LeaveOutProblemsThatAMethodHasNotComeTo) {
  std::vector<StudyRow> rows = rows_of(false);
  rows.push_back(row_of("good", 7, 0));
  EXPECT_EQ(rankings(rows, "good").front().problems, 6);
  rows.resize(8);  // two seeds
  const Ranking ranking = rankings(rows, "good").front();
  EXPECT_NE(ranking_caveat(ranking).find("below 0.50"), std::string::npos);
  rows[1].outcome.right.clear();  // a row that does not say which samples are right
  EXPECT_FALSE(rankings(rows, "good").front().differences[0].interval.has_value());
}

}  // namespace
}  // namespace ncprune
