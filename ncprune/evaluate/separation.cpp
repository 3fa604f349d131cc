#include "ncprune/evaluate/separation.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/where.h>

#include "ncprune/base/no_value.h"
#include "ncprune/data/label_rows.h"
#include "ncprune/evaluate/bootstrap.h"

namespace ncprune {
namespace {

// A class's scores of N samples, and how much each counts as one of the class and as another in
// each of R sets.
struct OneAgainstRest {
  at::Tensor scores;     // double [N]
  at::Tensor positives;  // double [R, N]
  at::Tensor negatives;  // double [R, N]
};

// Double [R] each; NaN for sets without one of the two.
struct Separations {
  at::Tensor auroc;
  at::Tensor average_precision;
};

Separations separations_of(const OneAgainstRest& one) {
  const at::Tensor order = one.scores.argsort(/*dim=*/0, /*descending=*/true);
  const at::Tensor sorted = one.scores.index_select(0, order);
  // Samples with one score form a group, which ends where the next score is another.
  const at::Tensor last = at::ones({1}, at::TensorOptions(at::kBool));
  const at::Tensor ends =
      at::cat({sorted.slice(0, 1).ne(sorted.slice(0, 0, -1)), last}).nonzero().squeeze(1);
  const auto down_to_groups = [&](const at::Tensor& weights) {
    return weights.index_select(1, order).cumsum(1).index_select(1, ends);
  };
  const auto of_groups = [](const at::Tensor& above) {
    return above.diff(1, 1, above.new_zeros({above.size(0), 1}));
  };
  const at::Tensor above = down_to_groups(one.positives);
  const at::Tensor others_above = down_to_groups(one.negatives);
  const at::Tensor p = of_groups(above);
  const at::Tensor n = of_groups(others_above);
  const at::Tensor total = above.select(1, -1);
  const at::Tensor others = others_above.select(1, -1);
  const at::Tensor precision = above / (above + others_above).clamp_min(1e-300);
  return {1 - (p * (others_above - 0.5 * n)).sum(1) / (total * others),
          at::where(others.eq(0), kNoValue, (p * precision).sum(1) / total)};
}

ClassSeparation separation_of(const OneAgainstRest& one) {
  const Separations found = separations_of(one);
  return {found.auroc.item<double>(), found.average_precision.item<double>()};
}

// A multi-label sample is there in several rows: it is one sample of each of its labels, and its
// rows together are one sample of the rest for other labels.
OneAgainstRest label_against_rest(const at::Tensor& z, const Targets& targets, int64_t label) {
  const bool none = label == z.size(1);
  const at::Tensor own = targets.labels.eq(label);
  const at::Tensor has = none ? own : targets.label_sets.select(1, label);
  return {none ? -z.amax(1) : z.select(1, label), own.to(at::kDouble).unsqueeze(0),
          at::where(has, 0, row_shares(targets)).unsqueeze(0)};
}

}  // namespace

std::vector<ClassSeparation> class_separations(const at::Tensor& scores, const Targets& targets) {
  const at::Tensor z = scores.to(at::kDouble);
  const at::Tensor log_shares = targets.multi_label() ? z : z.log_softmax(1);
  const int64_t classes = z.size(1) + (targets.unlabelled ? 1 : 0);
  std::vector<ClassSeparation> result;
  result.reserve(static_cast<size_t>(classes));
  for (int64_t c = 0; c < classes; ++c) {
    if (z.size(0) == 0) {
      result.push_back({kNoValue, kNoValue});
    } else if (targets.multi_label()) {
      result.push_back(separation_of(label_against_rest(z, targets, c)));
    } else {
      const at::Tensor own = targets.labels.eq(c).to(at::kDouble).unsqueeze(0);
      result.push_back(separation_of({log_shares.select(1, c), own, 1 - own}));
    }
  }
  return result;
}

at::Tensor resampled_aurocs(const at::Tensor& scores, const Targets& targets,
                            const std::vector<int64_t>& classes, const at::Tensor& shares) {
  const at::Tensor log_shares = scores.to(at::kDouble).log_softmax(1);
  const at::Tensor counts = shares / class_shares(targets.labels);
  std::vector<at::Tensor> aurocs{at::full({shares.size(0)}, kNoValue, shares.options())};
  for (const int64_t c : classes) {
    const at::Tensor own = targets.labels.eq(c).to(at::kDouble);
    aurocs.push_back(
        separations_of({log_shares.select(1, c), counts * own, counts * (1 - own)}).auroc);
  }
  return at::stack(aurocs).nanmean(0);
}

}  // namespace ncprune
