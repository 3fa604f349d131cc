#pragma once

#include <cstdint>
#include <vector>

#include "ncprune/base/tensor.h"
#include "ncprune/evaluate/inference.h"

namespace ncprune {

// What pruning did, told on the same samples before and after. All shares lie in [0, 1].

struct ClassChange {
  int64_t samples;       // of the class
  double recall_before;  // NaN without samples, like all of the class
  double recall_after;
  int64_t lost;                     // right before, wrong after
  int64_t gained;                   // wrong before, right after
  double p_value;                   // mcnemar() of the two
  double adjusted;                  // the same by holm() over the classes
  double calibration_error_before;  // see calibration_error()
  double calibration_error_after;
  double margin_before = 0;  // see mean_margin()
  double margin_after = 0;
};

// Samples of class `label` taken for `before` and now for `after`, which differ.
struct ConfusionFlow {
  int64_t label;
  int64_t before;
  int64_t after;
  int64_t samples;
};

// A sample on which the two disagree (pruning-identified exemplar: Hooker et al. 2019, with one
// network on either side).
struct Exemplar {
  int64_t sample;  // index in the data
  int64_t label;
  int64_t before;  // class it was taken for
  int64_t after;
  double confidence;  // of the network before in its class, by softmax
};

struct Comparison {
  std::vector<ClassChange> classes;  // K
  std::vector<ConfusionFlow> flows;  // most samples first; ties by label, before, after
  std::vector<Exemplar> exemplars;   // the surest first
  double balanced_before;            // mean recall over the classes with samples
  double balanced_after;
  Interval balanced_change;  // after - before: paired bootstrap, percentiles
  // a in recall_after - mean = a (recall_before - mean), by least squares over classes, either side
  // with its own mean: above 1 what was bad became worse (Good et al. 2022). NaN when all recalls
  // before are alike.
  double intensification;
};

struct ComparisonOptions {
  double confidence = 0.95;    // of the interval, in (0, 1)
  int64_t resamples = 10'000;  // of the bootstrap, within every class; in [100, 10^6]
  uint64_t seed = 0;
};

// What happened to each of the K classes. Arguments and errors as in compare().
std::vector<ClassChange> class_changes(const at::Tensor& before, const at::Tensor& after,
                                       const at::Tensor& labels);

// `before` and `after` are class scores [N, K] for the same samples, `labels` int64 [N]. Throws
// InputError when they do not fit together or an option is out of range.
Comparison compare(const at::Tensor& before, const at::Tensor& after, const at::Tensor& labels,
                   const ComparisonOptions& options = {});

// The expected calibration error of scores [N, K] (logits) on samples labelled int64 [N]: the mean
// over samples of |confidence - accuracy| of the bin the sample's confidence falls in, of 15 equal
// bins (Guo, Pleiss, Sun, Weinberger 2017). NaN of no samples.
double calibration_error(const at::Tensor& scores, const at::Tensor& labels);

// Mean over samples of the softmax's share of the own class less the largest of another: in [-1,
// 1], above 0 for what is recognised. NaN of no samples, and of a single class.
double mean_margin(const at::Tensor& scores, const at::Tensor& labels);

}  // namespace ncprune
