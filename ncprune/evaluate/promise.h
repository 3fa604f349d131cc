#pragma once

#include <map>
#include <optional>
#include <vector>

#include "ncprune/base/tensor.h"
#include "ncprune/evaluate/metrics.h"

namespace ncprune {

// A promise about every class of a pruned network for all data, not only for the samples at hand.
// All shares lie in [0, 1].
struct Promise {
  std::optional<double> max_drop;        // drop of every class's recall from the dense network's
  std::map<int64_t, double> min_recall;  // by class index
  double confidence = 0.95;              // of every part of the promise; in (0, 1)
};

// Throws InputError on a share outside (0, 1), and when nothing is promised.
void require_valid(const Promise& promise);

// The number of held-out samples of class `label` below which no network could be shown to keep the
// promise.
int64_t samples_needed(const Promise& promise, int64_t label);

enum class ClassOutcome {
  kKept,    // the bounds show that the promise is kept
  kBroken,  // the measured recall itself breaks it
  kUnsure,  // the measured recall keeps it, but its bounds do not: more samples might show it
  kTooFew,  // the same with so few samples that no network could be shown to keep it
};

struct ClassVerdict {
  int64_t samples;           // that the network after pruning was judged on
  double recall_before;      // NaN without samples, as are recall_after and the bounds
  double recall_after;       // NaN without samples
  double most_drop;          // with the given confidence, recall fell by at most this ...
  double least_recall;       // ... and is at least this
  int64_t needed;            // samples below which no network could be shown to keep the promise
  RecallCount count_before;  // count_before.samples differs from `samples` only for stored counts
  RecallCount count_after;
  ClassOutcome outcome;

  bool kept() const { return outcome == ClassOutcome::kKept; }
};

struct Verdict {
  std::vector<ClassVerdict> classes;  // K
  bool kept;                          // for every class
};

// Judges class scores (metrics.h) before and after pruning on samples that pruning did not use. The
// bounds are exact for any number of samples: least_recall is the lower bound of Clopper and
// Pearson; most_drop is their upper bound on the share of lost samples minus the lower bound on the
// share of gained samples, each with error probability (1 - confidence) / 2. A promise about all
// classes needs no adjustment for their number: it is wrongly accepted only if a broken part is.
// Throws InputError as require_valid(), and when the tensors do not fit together.
Verdict judge(const Promise& promise, const at::Tensor& before, const at::Tensor& after,
              const Targets& targets);

// Judges by counts alone, K of each, when it is not known which samples changed, or when the two
// networks were measured on different samples. most_drop is the upper bound of Clopper and Pearson
// on the recall before minus their lower bound on the recall after, each with error probability
// (1 - confidence) / 2. This is valid however the two measurements depend on each other, and wider
// than the bound of judge() on scores. Throws InputError as require_valid(), and on a different
// number of classes.
Verdict judge_counts(const Promise& promise, const std::vector<RecallCount>& before,
                     const std::vector<RecallCount>& after);

}  // namespace ncprune
