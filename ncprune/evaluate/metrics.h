#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ncprune/data/dataset.h"
#include "ncprune/model/network.h"

namespace ncprune {

// Metrics per class. All shares lie in [0, 1]; averages run over classes unless stated otherwise. A
// class without test samples has no recall (NaN) and is excluded from the averages.
struct ClassMetrics {
  std::vector<double> recall;      // K: share of the class's samples that are recognised
  double balanced_accuracy = 0;    // mean recall
  double overall_accuracy = 0;     // over samples
  double worst_recall = 0;         // the smallest recall
  double macro_f1 = 0;             // mean over classes of 2 TP / (2 TP + FP + FN)
  double g_mean = 0;               // geometric mean of max(recall, 0.001)
  std::vector<int64_t> confusion;  // [K, K] row by row: samples of class r predicted as c
};

// From class scores [N, K] (ties go to the lower class) and labels int64 [N].
ClassMetrics class_metrics(const at::Tensor& scores, const at::Tensor& labels);

// A recall as the counts behind it.
struct RecallCount {
  int64_t samples;  // of the class
  int64_t right;    // of them, those that are recognised
};

// The counts of every class; K of them.
std::vector<RecallCount> recall_counts(const ClassMetrics& metrics);

// Mean recall over `classes`; NaN when there are none.
double mean_recall(const ClassMetrics& metrics, const std::vector<int64_t>& classes);

// Classes by number of training samples: the most frequent three tenths, the rarest three tenths
// and those between; ties go to the lower index. Empty groups when the counts are unknown or have
// fewer than three distinct values, because then the minority is sufficient.
struct ClassGroups {
  std::vector<int64_t> head;
  std::vector<int64_t> medium;
  std::vector<int64_t> tail;
};
ClassGroups class_groups(const std::vector<int64_t>& counts);

// Class scores [N, K] of the samples, whose softmax gives the network's class probabilities, run by
// `runtime` (runner.h). Throws InputError when network and data do not fit, and as make_runner().
at::Tensor class_scores(const Network& network, const Dataset& data,
                        const std::string& runtime = "ncprune");

// Metrics of `network` on `data`, run by `runtime` (runner.h). Throws InputError when they do not
// fit together, and as make_runner().
ClassMetrics evaluate(const Network& network, const Dataset& data,
                      const std::string& runtime = "ncprune");

}  // namespace ncprune
