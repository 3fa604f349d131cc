#include "ncprune/evaluate/separation.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/searchsorted.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include "ncprune/base/no_value.h"
#include "ncprune/data/label_rows.h"
#include "ncprune/evaluate/bootstrap.h"

namespace ncprune {
namespace {

// A class's scores of N samples, and how much each counts as one of the class and as another.
struct OneAgainstRest {
  at::Tensor scores;     // double [N]
  at::Tensor positives;  // double [N]
  at::Tensor negatives;  // double [N]
};

ClassSeparation separation_of(const OneAgainstRest& one) {
  const at::Tensor order = one.scores.argsort(/*dim=*/0, /*descending=*/true);
  const at::Tensor sorted = one.scores.index_select(0, order);
  // Samples with one score form a group.
  const at::Tensor starts = at::cat({at::zeros({1}, at::TensorOptions(at::kLong)),
                                     sorted.slice(0, 1).ne(sorted.slice(0, 0, -1)).to(at::kLong)});
  const at::Tensor group = starts.cumsum(0);
  const at::Tensor none = at::zeros({group[-1].item<int64_t>() + 1}, sorted.options());
  const auto by_group = [&](const at::Tensor& weights) {
    return none.index_add(0, group, weights.index_select(0, order));
  };
  const at::Tensor p = by_group(one.positives);
  const at::Tensor n = by_group(one.negatives);
  const at::Tensor above = p.cumsum(0);
  const at::Tensor others_above = n.cumsum(0);
  const auto total = above[-1].item<double>();
  const auto others = others_above[-1].item<double>();
  if (total == 0 || others == 0) return {kNoValue, kNoValue};
  const at::Tensor precision = above / (above + others_above).clamp_min(1e-300);
  return {1 - (p * (others_above - 0.5 * n)).sum().item<double>() / (total * others),
          (p * precision).sum().item<double>() / total};
}

// A multi-label sample is there in several rows: it is one sample of each of its labels, and its
// rows together are one sample of the rest for other labels.
OneAgainstRest label_against_rest(const at::Tensor& z, const Targets& targets, int64_t label) {
  const bool none = label == z.size(1);
  const at::Tensor own = targets.labels.eq(label);
  const at::Tensor has = none ? own : targets.label_sets.select(1, label);
  return {none ? -z.amax(1) : z.select(1, label), own.to(at::kDouble),
          at::where(has, 0, row_shares(targets))};
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
      const at::Tensor own = targets.labels.eq(c).to(at::kDouble);
      result.push_back(separation_of({log_shares.select(1, c), own, 1 - own}));
    }
  }
  return result;
}

at::Tensor resampled_aurocs(const at::Tensor& scores, const Targets& targets,
                            const std::vector<int64_t>& classes, const at::Tensor& shares) {
  const at::Tensor log_shares = scores.to(at::kDouble).log_softmax(1);
  const at::Tensor counts = shares / class_shares(targets.labels);
  at::Tensor sum = at::zeros({shares.size(0)}, shares.options());
  double present = 0;
  for (const int64_t c : classes) {
    const at::Tensor own = targets.labels.eq(c);
    if (!own.any().item<bool>() || own.all().item<bool>()) continue;
    present += 1;
    const auto part = [&](const at::Tensor& chosen) {
      const at::Tensor members = chosen.nonzero().squeeze(1);
      return std::pair(log_shares.select(1, c).index_select(0, members),
                       counts.index_select(1, members));
    };
    const auto [ranked, positives] = part(own);
    const auto [others, negatives] = part(~own);
    const auto [sorted, order] = others.sort();
    const at::Tensor below =
        at::constant_pad_nd(negatives.index_select(1, order).cumsum(1), {1, 0});
    const at::Tensor less = at::searchsorted(sorted, ranked);
    const at::Tensor not_more = at::searchsorted(sorted, ranked, false, /*right=*/true);
    const at::Tensor won = (below.index_select(1, less) + below.index_select(1, not_more)) / 2;
    sum += (positives * won).sum(1) / (positives.sum(1) * below.select(1, -1));
  }
  return sum / present;
}

}  // namespace ncprune
