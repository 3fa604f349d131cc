#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ncprune/evaluate/inference.h"
#include "ncprune/report/page.h"
#include "ncprune/study/row.h"

namespace ncprune {

// The confidence of the intervals and of the differences between ranks.
inline constexpr double kRankingConfidence = 0.95;

// Tests whether one method of a study is better than the others, over the study's problems: data
// set x imbalance x seed, each evaluated on its test set.

// The reference compared with another method, shares in [0, 1]. p-values are two-sided and adjusted
// for all the methods with which the reference is compared (Holm).
struct MethodDifference {
  std::string method;
  double difference = 0;  // the reference's score less the method's, mean over problems
  int64_t wins = 0;       // problems on which the reference scores higher
  int64_t losses = 0;
  // 95 % interval of the mean difference under resampling of the test samples and, at the common
  // operating point, of the validation samples that it is chosen by. All methods, and all problems
  // of one data set, which share its test set, use the same draws. A mean recall is resampled 10000
  // times; of other scores rows hold fewer draws, whose spread gives a normal distribution. None
  // when a row does not say which samples are recognised, or holds no draws.
  std::optional<Interval> interval = {};
  std::optional<double> bootstrap_p = {};
  double wilcoxon_p = 1;  // over problems
};

// The methods compared by one score, at one treatment and sparsity.
struct Ranking {
  std::string settings;
  std::string treatment;
  double sparsity = 0;
  // "balanced accuracy" or "minority recall"; the same at the common operating point
  // (operating_point.h): "common balanced accuracy" or "common minority recall"; or "minority
  // AUROC".
  std::string score;
  int64_t problems = 0;  // for which every method has a row
  std::string reference;
  bool chosen = false;               // whether the reference is the best on validation data
  std::vector<std::string> methods;  // in the rows' order, without "dense"
  std::vector<MethodDifference> differences;  // per method but the reference
  std::optional<RankComparison> ranks = {};   // by method; none for fewer than two problems
};

// A ranking for each combination of settings, treatment, sparsity and score. An empty `reference`
// is chosen as the best mean score on validation data; rankings without validation results are then
// left out, as are those of a single method. Throws InputError when no row has the method
// `reference`.
std::vector<Ranking> rankings(const std::vector<StudyRow>& rows, const std::string& reference,
                              uint64_t seed = 0);

// The differences as a table: a row per method, in percentage points.
Table ranking_table(const Ranking& ranking);

// A sentence on what too few problems cannot show; empty when there are enough.
std::string ranking_caveat(const Ranking& ranking);

// A diagram of the methods' mean ranks; none without ranks.
std::optional<Figure> ranking_figure(const Ranking& ranking);

}  // namespace ncprune
