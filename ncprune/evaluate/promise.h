#pragma once

#include <map>
#include <optional>
#include <vector>

#include "ncprune/base/tensor.h"

namespace ncprune {

// What a pruned network is to keep for every class it will ever meet, not only on the samples at
// hand. All shares lie in [0, 1].
struct Promise {
  std::optional<double> max_drop;        // of every class's recall against the dense network's
  std::map<int64_t, double> min_recall;  // of some classes, by index
  double confidence = 0.95;              // with which every part of it is to hold; in (0, 1)
};

// Throws InputError on a share that is not in (0, 1), and when nothing is promised.
void require_valid(const Promise& promise);

// Held-out samples of class `label` without which no network could show that it keeps the promise.
int64_t samples_needed(const Promise& promise, int64_t label);

struct ClassVerdict {
  int64_t samples;
  double recall_before;  // NaN without samples, as are recall_after and the bounds
  double recall_after;
  double most_drop;     // with the promise's confidence the recall fell by no more than this ...
  double least_recall;  // ... and is at least this
  int64_t needed;       // samples_needed()
  bool kept;
};

struct Verdict {
  std::vector<ClassVerdict> classes;  // K
  bool kept;                          // by every class
};

// Judges class scores [N, K] before and after pruning on samples that pruning never saw, labels
// int64 [N]. The bounds are exact for any number of samples: least_recall is Clopper's and
// Pearson's; most_drop is their upper bound on the share of samples lost less the lower bound on
// the share gained, each with half of what confidence leaves. A promise about all classes needs no
// adjustment for their number: it is broken only if a broken part is taken for kept. Throws
// InputError as require_valid(), and when the tensors do not fit together.
Verdict judge(const Promise& promise, const at::Tensor& before, const at::Tensor& after,
              const at::Tensor& labels);

}  // namespace ncprune
