#include "ncprune/evaluate/promise.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "ncprune/base/error.h"
#include "ncprune/base/no_value.h"
#include "ncprune/evaluate/comparison.h"
#include "ncprune/evaluate/inference.h"

namespace ncprune {
namespace {

void require_share(const char* what, double share) {
  if (share > 0 && share < 1) return;
  throw InputError(fmt::format("{} {} is outside (0, 1)", what, share));
}

// The interval of Clopper and Pearson with error probability `left` on each side.
Interval one_sided(int64_t successes, int64_t trials, double left) {
  return clopper_pearson(successes, trials, 1 - 2 * left);
}

// The number of samples that, all correct, prove `share` or better with error probability `left`:
// share^n <= left.
int64_t samples_for(double share, double left) {
  return static_cast<int64_t>(std::ceil(std::log(left) / std::log(share)));
}

ClassVerdict verdict_of(const Promise& promise, const ClassChange& change, int64_t index) {
  const double left = 1 - promise.confidence;
  ClassVerdict verdict{
      change.samples, change.recall_before, change.recall_after, kNoValue, kNoValue, 0, false};
  const auto least = promise.min_recall.find(index);
  const bool has_least = least != promise.min_recall.end();
  verdict.needed = samples_needed(promise, index);
  if (change.samples == 0) {
    verdict.kept = verdict.needed == 0;
    return verdict;
  }
  const auto right = std::llround(change.recall_after * static_cast<double>(change.samples));
  verdict.most_drop = one_sided(change.lost, change.samples, left / 2).high -
                      one_sided(change.gained, change.samples, left / 2).low;
  verdict.least_recall = one_sided(right, change.samples, left).low;
  verdict.kept = (!promise.max_drop || verdict.most_drop <= *promise.max_drop) &&
                 (!has_least || verdict.least_recall >= least->second);
  return verdict;
}

}  // namespace

int64_t samples_needed(const Promise& promise, int64_t label) {
  const double left = 1 - promise.confidence;
  const auto least = promise.min_recall.find(label);
  int64_t needed = promise.max_drop ? samples_for(1 - *promise.max_drop, left / 2) : 0;
  if (least != promise.min_recall.end()) {
    needed = std::max(needed, samples_for(least->second, left));
  }
  return needed;
}

void require_valid(const Promise& promise) {
  if (!promise.max_drop && promise.min_recall.empty()) throw InputError("nothing is promised");
  if (promise.max_drop) require_share("largest drop", *promise.max_drop);
  for (const auto& [label, recall] : promise.min_recall) require_share("least recall", recall);
  require_share("confidence", promise.confidence);
}

Verdict judge(const Promise& promise, const at::Tensor& before, const at::Tensor& after,
              const at::Tensor& labels) {
  require_valid(promise);
  const std::vector<ClassChange> changes = class_changes(before, after, labels);
  Verdict verdict{{}, true};
  for (size_t c = 0; c < changes.size(); ++c) {
    verdict.classes.push_back(verdict_of(promise, changes[c], static_cast<int64_t>(c)));
    verdict.kept = verdict.kept && verdict.classes.back().kept;
  }
  return verdict;
}

}  // namespace ncprune
