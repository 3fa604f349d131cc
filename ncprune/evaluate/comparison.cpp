#include "ncprune/evaluate/comparison.h"

#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <tuple>

#include "ncprune/base/error.h"
#include "ncprune/base/no_value.h"
#include "ncprune/base/random.h"
#include "ncprune/data/label_rows.h"
#include "ncprune/evaluate/bootstrap.h"

namespace ncprune {
namespace {

void require_fits(const at::Tensor& before, const at::Tensor& after, const at::Tensor& labels) {
  if (before.dim() != 2 || before.sizes() != after.sizes() || labels.numel() != before.size(0)) {
    throw InputError("two networks can be compared only by their scores for the same samples");
  }
}

void require_valid(const ComparisonOptions& options) {
  if (!(options.confidence > 0 && options.confidence < 1)) {
    throw InputError(fmt::format("confidence {} is outside (0, 1)", options.confidence));
  }
  if (options.resamples < 100 || options.resamples > 1'000'000) {
    throw InputError(fmt::format("{} resamples; wanted 100 to 1000000", options.resamples));
  }
}

ClassChange change_of(const at::Tensor& before, const at::Tensor& after, const at::Tensor& labels) {
  const auto samples = static_cast<double>(labels.numel());
  if (samples == 0)
    return {0,        kNoValue, kNoValue, 0,        0,       kNoValue,
            kNoValue, kNoValue, kNoValue, kNoValue, kNoValue};
  const at::Tensor was_right = before.argmax(1).eq(labels);
  const at::Tensor is_right = after.argmax(1).eq(labels);
  const auto count = [](const at::Tensor& mask) { return mask.sum().item<int64_t>(); };
  const int64_t lost = count(was_right.logical_and(is_right.logical_not()));
  const int64_t gained = count(is_right.logical_and(was_right.logical_not()));
  return {labels.numel(),
          static_cast<double>(count(was_right)) / samples,
          static_cast<double>(count(is_right)) / samples,
          lost,
          gained,
          mcnemar(lost, gained),
          kNoValue,
          calibration_error(before, labels),
          calibration_error(after, labels),
          mean_margin(before, labels),
          mean_margin(after, labels)};
}

// Within every class the resampled numbers of lost and gained samples are binomial, so single
// samples are not drawn.
Interval bootstrap(const std::vector<ClassChange>& classes, const ComparisonOptions& options) {
  Random random = Random(options.seed).stream("bootstrap");
  std::vector<std::vector<ValueCount>> counts;
  counts.reserve(classes.size());
  for (const ClassChange& c : classes) {
    counts.push_back({{-1, c.lost}, {1, c.gained}, {0, c.samples - c.lost - c.gained}});
  }
  const at::Tensor changes = resampled_means(counts, options.resamples, random);
  const double side = (1 - options.confidence) / 2;
  return {changes.quantile(side).item<double>(), changes.quantile(1 - side).item<double>()};
}

double mean_of(const std::vector<ClassChange>& classes, double ClassChange::*field) {
  double sum = 0;
  double present = 0;
  for (const ClassChange& change : classes) {
    if (change.samples == 0) continue;
    sum += change.*field;
    present += 1;
  }
  return sum / present;
}

double intensification_of(const Comparison& comparison) {
  double products = 0;
  double squares = 0;
  for (const ClassChange& change : comparison.classes) {
    if (change.samples == 0) continue;
    const double before = change.recall_before - comparison.balanced_before;
    products += before * (change.recall_after - comparison.balanced_after);
    squares += before * before;
  }
  return squares > 0 ? products / squares : kNoValue;
}

std::vector<Exemplar> exemplars_of(const at::Tensor& before, const at::Tensor& after,
                                   const at::Tensor& labels) {
  const auto [confidence, was] = before.to(at::kDouble).softmax(1).max(1);
  const at::Tensor now = after.argmax(1);
  const at::Tensor differ = was.ne(now).nonzero().flatten();
  const auto chosen = [&](const at::Tensor& t) { return t.index_select(0, differ).contiguous(); };
  const std::array<at::Tensor, 3> classes{chosen(labels), chosen(was), chosen(now)};
  const at::Tensor sure = chosen(confidence);
  std::vector<Exemplar> exemplars;
  exemplars.reserve(static_cast<size_t>(differ.numel()));
  for (size_t i = 0; i < static_cast<size_t>(differ.numel()); ++i) {
    exemplars.push_back({elements<int64_t>(differ)[i], elements<int64_t>(classes[0])[i],
                         elements<int64_t>(classes[1])[i], elements<int64_t>(classes[2])[i],
                         elements<double>(sure)[i]});
  }
  std::stable_sort(exemplars.begin(), exemplars.end(), [](const Exemplar& a, const Exemplar& b) {
    return a.confidence > b.confidence;
  });
  return exemplars;
}

std::vector<ConfusionFlow> flows_of(const std::vector<Exemplar>& exemplars) {
  std::map<std::tuple<int64_t, int64_t, int64_t>, int64_t> counts;
  for (const Exemplar& e : exemplars) ++counts[{e.label, e.before, e.after}];
  std::vector<ConfusionFlow> flows;
  flows.reserve(counts.size());
  for (const auto& [flow, samples] : counts) {
    const auto [label, before, after] = flow;
    flows.push_back({label, before, after, samples});
  }
  std::stable_sort(flows.begin(), flows.end(), [](const ConfusionFlow& a, const ConfusionFlow& b) {
    return a.samples > b.samples;
  });
  return flows;
}

}  // namespace

namespace {

std::vector<ClassChange> changes_of(const at::Tensor& before, const at::Tensor& after,
                                    const at::Tensor& labels) {
  std::vector<ClassChange> changes;
  std::vector<double> p_values;
  changes.reserve(static_cast<size_t>(before.size(1)));
  p_values.reserve(static_cast<size_t>(before.size(1)));
  for (int64_t c = 0; c < before.size(1); ++c) {
    const at::Tensor own = labels.eq(c).nonzero().flatten();
    changes.push_back(change_of(before.index_select(0, own), after.index_select(0, own),
                                labels.index_select(0, own)));
    p_values.push_back(changes.back().p_value);
  }
  const std::vector<double> adjusted = holm(p_values);
  for (size_t c = 0; c < adjusted.size(); ++c) changes[c].adjusted = adjusted[c];
  return changes;
}

}  // namespace

std::vector<ClassChange> class_changes(const at::Tensor& before, const at::Tensor& after,
                                       const Targets& targets) {
  require_fits(before, after, targets.labels);
  return changes_of(answer_scores(before, targets), answer_scores(after, targets), targets.labels);
}

Comparison compare(const at::Tensor& scores_before, const at::Tensor& scores_after,
                   const Targets& targets, const ComparisonOptions& options) {
  require_valid(options);
  require_fits(scores_before, scores_after, targets.labels);
  const at::Tensor before = answer_scores(scores_before, targets);
  const at::Tensor after = answer_scores(scores_after, targets);
  Comparison comparison{};
  comparison.classes = changes_of(before, after, targets.labels);
  comparison.balanced_before = mean_of(comparison.classes, &ClassChange::recall_before);
  comparison.balanced_after = mean_of(comparison.classes, &ClassChange::recall_after);
  comparison.balanced_change = bootstrap(comparison.classes, options);
  comparison.intensification = intensification_of(comparison);
  comparison.exemplars = exemplars_of(before, after, targets.labels);
  comparison.flows = flows_of(comparison.exemplars);
  return comparison;
}

double calibration_error(const at::Tensor& scores, const at::Tensor& labels) {
  if (labels.numel() == 0) return kNoValue;
  constexpr int64_t kBins = 15;
  const auto [confidence, predicted] = scores.to(at::kDouble).softmax(1).max(1);
  // Bins are open below and closed above, as in the source.
  const at::Tensor bins = (confidence * kBins).ceil().to(at::kLong).sub(1).clamp(0, kBins - 1);
  const at::Tensor gap = confidence - predicted.eq(labels).to(at::kDouble);
  const at::Tensor sums =
      at::zeros({kBins}, at::TensorOptions(at::kDouble)).index_add(0, bins, gap);
  return sums.abs().sum().item<double>() / static_cast<double>(labels.numel());
}

double mean_margin(const at::Tensor& scores, const at::Tensor& labels) {
  if (scores.size(0) == 0 || scores.size(1) < 2) return kNoValue;
  const at::Tensor shares = scores.to(at::kDouble).softmax(1);
  const at::Tensor index = labels.unsqueeze(1);
  const at::Tensor others = shares.scatter(1, index, -1);
  return (shares.gather(1, index).squeeze(1) - others.amax(1)).mean().item<double>();
}

}  // namespace ncprune
