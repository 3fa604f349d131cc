#pragma once

#include <cstdint>
#include <vector>

#include "ncprune/base/tensor.h"
#include "ncprune/data/targets.h"
#include "ncprune/evaluate/inference.h"

namespace ncprune {

// Compares a network before and after pruning on the same samples. All shares lie in [0, 1].

struct ClassChange {
  int64_t samples;       // of the class
  double recall_before;  // NaN without samples, like all other values of the class
  double recall_after;
  int64_t lost;                     // right before, wrong after
  int64_t gained;                   // wrong before, right after
  double p_value;                   // mcnemar() of lost and gained
  double adjusted;                  // p_value adjusted by holm() over the classes
  double calibration_error_before;  // see calibration_error()
  double calibration_error_after;
  double margin_before = 0;  // see mean_margin()
  double margin_after = 0;
};

// Samples of class `label` that were classified as `before` and now as `after`, another class.
struct ConfusionFlow {
  int64_t label;
  int64_t before;
  int64_t after;
  int64_t samples;
};

// A sample that the two networks classify differently (pruning-identified exemplar: Hooker et al.
// 2019, here with a single network on each side).
struct Exemplar {
  int64_t sample;  // index in the data
  int64_t label;
  int64_t before;  // predicted class
  int64_t after;
  double confidence;  // softmax of `before` in the network before pruning
};

struct Comparison {
  std::vector<ClassChange> classes;  // K
  std::vector<ConfusionFlow> flows;  // most samples first; ties by label, before, after
  std::vector<Exemplar> exemplars;   // the most confident first
  double balanced_before;            // mean recall over the classes with samples
  double balanced_after;
  Interval balanced_change;  // after - before: paired bootstrap, percentiles
  // The slope a in recall_after - mean = a (recall_before - mean), by least squares over classes;
  // each side has its own mean. Above 1 weak classes became weaker (Good et al. 2022). NaN when all
  // recalls before are equal.
  double intensification;
};

struct ComparisonOptions {
  double confidence = 0.95;    // of the interval, in (0, 1)
  int64_t resamples = 10'000;  // of the bootstrap, within every class; in [100, 10^6]
  uint64_t seed = 0;
};

// The changes of each of the K classes. Arguments and errors as in compare().
std::vector<ClassChange> class_changes(const at::Tensor& before, const at::Tensor& after,
                                       const Targets& targets);

// `before` and `after` are the networks' class scores (metrics.h) for the same samples. Throws
// InputError when they do not fit together or an option is out of range.
Comparison compare(const at::Tensor& before, const at::Tensor& after, const Targets& targets,
                   const ComparisonOptions& options = {});

// The expected calibration error of scores [N, K] (logits) on samples labelled int64 [N]: the mean
// over samples of |confidence - accuracy| of the sample's bin, of 15 equal bins of confidence (Guo,
// Pleiss, Sun, Weinberger 2017). NaN without samples.
double calibration_error(const at::Tensor& scores, const at::Tensor& labels);

// Mean over samples of the softmax of the true class minus the largest of another class, in [-1,
// 1]; positive for a correct prediction. NaN without samples or with a single class.
double mean_margin(const at::Tensor& scores, const at::Tensor& labels);

}  // namespace ncprune
