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
  // Independent of thresholds and of how frequent classes are predicted; see class_separations(). K
  // each.
  std::vector<double> auroc = {};
  std::vector<double> average_precision = {};
};

// From the scores of a network (ties go to the lower class). In multi-label data recall of a label
// is the share of its samples whose score is positive, and recall of "no label" the share of the
// samples without a label of which no score is: see answer_scores() (label_rows.h).
ClassMetrics class_metrics(const at::Tensor& scores, const Targets& targets);

// A recall as the counts behind it.
struct RecallCount {
  int64_t samples;  // of the class
  int64_t right;    // of them, those that are recognised
};

// The counts of every class; K of them.
std::vector<RecallCount> recall_counts(const ClassMetrics& metrics);

// Mean recall over `classes`; NaN when there are none.
double mean_recall(const ClassMetrics& metrics, const std::vector<int64_t>& classes);

// Mean of the values that are not NaN, such as those of classes that have samples; NaN without any.
double mean_present(const std::vector<double>& values);

// Classes by number of training samples: the most frequent three tenths, the rarest three tenths
// and those between; ties go to the lower index. Empty groups when the counts are unknown or have
// fewer than three distinct values, because then the minority is sufficient.
struct ClassGroups {
  std::vector<int64_t> head;
  std::vector<int64_t> medium;
  std::vector<int64_t> tail;
};
ClassGroups class_groups(const std::vector<int64_t>& counts);

// Class scores [N, K] of the samples, which give the network's probabilities (class_loss.h), run by
// `runtime` (runner.h). Multi-label data have K = L of them. Throws InputError when network and
// data do not fit, and as make_runner().
at::Tensor class_scores(const Network& network, const Dataset& data,
                        const std::string& runtime = "ncprune");

// The logits of scores that all lie in [0, 1], probabilities of labels; other scores unchanged.
at::Tensor as_logits(const at::Tensor& scores);

// Metrics of `network` on `data`, run by `runtime` (runner.h). Throws InputError when they do not
// fit together, and as make_runner().
ClassMetrics evaluate(const Network& network, const Dataset& data,
                      const std::string& runtime = "ncprune");

}  // namespace ncprune
