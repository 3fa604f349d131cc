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

// The number of samples that, all correct, prove `share` or better with error probability `left`:
// share^n <= left.
int64_t samples_for(double share, double left) {
  return static_cast<int64_t>(std::ceil(std::log(left) / std::log(share)));
}

double recall_of(const RecallCount& count) {
  return count.samples == 0 ? kNoValue
                            : static_cast<double>(count.right) / static_cast<double>(count.samples);
}

// The verdict on a class without its bound on the drop and what follows from it.
ClassVerdict measured(const Promise& promise, const RecallCount& before, const RecallCount& after) {
  ClassVerdict verdict{};
  verdict.samples = after.samples;
  verdict.recall_before = recall_of(before);
  verdict.recall_after = recall_of(after);
  verdict.most_drop = verdict.least_recall = kNoValue;
  verdict.count_before = before;
  verdict.count_after = after;
  if (after.samples > 0) {
    verdict.least_recall = one_sided_bounds(after.right, after.samples, 1 - promise.confidence).low;
  }
  return verdict;
}

std::optional<double> least_promised(const Promise& promise, int64_t label) {
  const auto least = promise.min_recall.find(label);
  return least == promise.min_recall.end() ? std::nullopt : std::optional(least->second);
}

// Whether `drop` and `recall` keep what is promised for class `label`; a missing value does not.
bool keeps(const Promise& promise, int64_t label, double drop, double recall) {
  const std::optional<double> least = least_promised(promise, label);
  return (!promise.max_drop || drop <= *promise.max_drop) && (!least || recall >= *least);
}

ClassOutcome outcome_of(const Promise& promise, int64_t label, const ClassVerdict& verdict) {
  // The difference of two measured recalls is rounded.
  constexpr double kRounding = 1e-12;
  if (keeps(promise, label, verdict.most_drop, verdict.least_recall)) return ClassOutcome::kKept;
  const bool measurable = verdict.samples > 0 && verdict.count_before.samples > 0;
  const double drop = verdict.recall_before - verdict.recall_after - kRounding;
  if (measurable && !keeps(promise, label, drop, verdict.recall_after)) {
    return ClassOutcome::kBroken;
  }
  return verdict.samples < verdict.needed || !measurable ? ClassOutcome::kTooFew
                                                         : ClassOutcome::kUnsure;
}

// Given scores of the same samples, which of them changed is known.
ClassVerdict verdict_of(const Promise& promise, const ClassChange& change, int64_t label) {
  const double left = 1 - promise.confidence;
  const auto samples = static_cast<double>(change.samples);
  const int64_t right = change.samples == 0 ? 0 : std::llround(change.recall_before * samples);
  ClassVerdict verdict = measured(promise, {change.samples, right},
                                  {change.samples, right - change.lost + change.gained});
  verdict.needed = samples_needed(promise, label);
  if (change.samples > 0) {
    verdict.most_drop = one_sided_bounds(change.lost, change.samples, left / 2).high -
                        one_sided_bounds(change.gained, change.samples, left / 2).low;
  }
  verdict.outcome = outcome_of(promise, label, verdict);
  return verdict;
}

// Given counts, the samples after pruning that are needed depend on how well the recall before is
// known: even if all are right, its upper bound must not lie too far above the lower bound after.
ClassVerdict verdict_of(const Promise& promise, const RecallCount& before, const RecallCount& after,
                        int64_t label) {
  const double left = 1 - promise.confidence;
  ClassVerdict verdict = measured(promise, before, after);
  const double most_before = one_sided_bounds(before.right, before.samples, left / 2).high;
  if (promise.max_drop && most_before > *promise.max_drop) {
    verdict.needed = samples_for(most_before - *promise.max_drop, left / 2);
  }
  if (const std::optional<double> least = least_promised(promise, label)) {
    verdict.needed = std::max(verdict.needed, samples_for(*least, left));
  }
  verdict.most_drop = most_before - one_sided_bounds(after.right, after.samples, left / 2).low;
  verdict.outcome = outcome_of(promise, label, verdict);
  return verdict;
}

Verdict of_all(std::vector<ClassVerdict> classes) {
  const bool kept = std::all_of(classes.begin(), classes.end(),
                                [](const ClassVerdict& own) { return own.kept(); });
  return {std::move(classes), kept};
}

}  // namespace

int64_t samples_needed(const Promise& promise, int64_t label) {
  const double left = 1 - promise.confidence;
  int64_t needed = promise.max_drop ? samples_for(1 - *promise.max_drop, left / 2) : 0;
  if (const std::optional<double> least = least_promised(promise, label)) {
    needed = std::max(needed, samples_for(*least, left));
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
              const Targets& targets) {
  require_valid(promise);
  const std::vector<ClassChange> changes = class_changes(before, after, targets);
  std::vector<ClassVerdict> classes;
  classes.reserve(changes.size());
  for (size_t c = 0; c < changes.size(); ++c) {
    classes.push_back(verdict_of(promise, changes[c], static_cast<int64_t>(c)));
  }
  return of_all(std::move(classes));
}

Verdict judge_counts(const Promise& promise, const std::vector<RecallCount>& before,
                     const std::vector<RecallCount>& after) {
  require_valid(promise);
  if (before.size() != after.size()) {
    throw InputError(
        fmt::format("counts of {} classes before and of {} after", before.size(), after.size()));
  }
  std::vector<ClassVerdict> classes;
  classes.reserve(before.size());
  for (size_t c = 0; c < before.size(); ++c) {
    classes.push_back(verdict_of(promise, before[c], after[c], static_cast<int64_t>(c)));
  }
  return of_all(std::move(classes));
}

}  // namespace ncprune
