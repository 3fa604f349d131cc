#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ncprune/data/dataset.h"
#include "ncprune/model/network.h"

namespace ncprune {

// What happened to each class. All shares lie in [0, 1]; averages run over classes unless said
// otherwise. A class without test samples has no recall (NaN) and is left out of the averages.
struct ClassMetrics {
  std::vector<double> recall;      // K: share of the class's samples that were recognised
  double balanced_accuracy = 0;    // mean recall
  double overall_accuracy = 0;     // over samples
  double worst_recall = 0;         // the smallest recall
  double macro_f1 = 0;             // mean over classes of 2 TP / (2 TP + FP + FN)
  double g_mean = 0;               // geometric mean of max(recall, 0.001)
  std::vector<int64_t> confusion;  // [K, K] row by row: samples of class r predicted as c
};

// From class scores [N, K] (ties go to the lower class) and labels int64 [N].
ClassMetrics class_metrics(const at::Tensor& scores, const at::Tensor& labels);

// Mean recall over `classes`; NaN when there are none.
double mean_recall(const ClassMetrics& metrics, const std::vector<int64_t>& classes);

// Classes by number of training samples: the most frequent three tenths, the rarest three tenths
// and those between; ties by lower index first. Empty groups when the counts are unknown or take
// fewer than three values: then the minority says all there is to say.
struct ClassGroups {
  std::vector<int64_t> head;
  std::vector<int64_t> medium;
  std::vector<int64_t> tail;
};
ClassGroups class_groups(const std::vector<int64_t>& counts);

// Class scores of the samples, [N, K], whose softmax are the network's shares of the classes, run
// by `runtime` (runner.h). Throws InputError when they do not fit, and as make_runner().
at::Tensor class_scores(const Network& network, const Dataset& data,
                        const std::string& runtime = "ncprune");

// Metrics of `network` on `data`, run by `runtime` (runner.h). Throws InputError when they do not
// fit, and as make_runner().
ClassMetrics evaluate(const Network& network, const Dataset& data,
                      const std::string& runtime = "ncprune");

}  // namespace ncprune
