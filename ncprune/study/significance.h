#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ncprune/evaluate/inference.h"
#include "ncprune/report/page.h"
#include "ncprune/study/row.h"

namespace ncprune {

// Of the intervals, and of the differences between ranks.
inline constexpr double kRankingConfidence = 0.95;

// How sure it is that one method of a study is better than the others: over its problems, which are
// data set x imbalance x seed, each judged on its test set.

// The reference against another method, shares in [0, 1]. p-values are two-sided and adjusted for
// all the methods it is held against (Holm).
struct MethodDifference {
  std::string method;
  double difference = 0;  // mean over problems of the reference's score less the method's
  int64_t wins = 0;       // problems on which the reference has more
  int64_t losses = 0;
  // The mean difference with the test samples drawn anew, every method from the same, and problems
  // of one data set, which share its test set, too: 95 %. None where a row does not say which
  // samples are recognised.
  std::optional<Interval> interval = {};
  std::optional<double> bootstrap_p = {};
  double wilcoxon_p = 1;  // over problems
};

// One score of all methods at one treatment and sparsity.
struct Ranking {
  std::string settings;
  std::string treatment;
  double sparsity = 0;
  std::string score;     // "balanced accuracy" or "minority recall"
  int64_t problems = 0;  // that every method has a row for
  std::string reference;
  bool chosen = false;               // the reference, on validation data: the best mean score
  std::vector<std::string> methods;  // in the rows' order, without "dense"
  std::vector<MethodDifference> differences;  // a method each, without the reference
  std::optional<RankComparison> ranks = {};   // by method; none of fewer than two problems
};

// For every settings, treatment, sparsity and score. `reference` may be empty: then it is chosen on
// validation data, and a ranking whose rows have none is left out. Throws InputError when no row is
// of `reference`.
std::vector<Ranking> rankings(const std::vector<StudyRow>& rows, const std::string& reference,
                              uint64_t seed = 0);

// A row per method, in percentage points.
Table ranking_table(const Ranking& ranking);

// What so few problems cannot show; empty when there are enough.
std::string ranking_caveat(const Ranking& ranking);

// The methods by mean rank. None without ranks.
std::optional<Figure> ranking_figure(const Ranking& ranking);

}  // namespace ncprune
