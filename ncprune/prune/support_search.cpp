#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "ncprune/prune/admm_iterate.h"
#include "ncprune/prune/reconstruction.h"

namespace ncprune {
namespace {

// Chooses the weights to keep: those with the largest W + V of the iterate. Weights that are far
// from being kept are looked at only now and then; in between, the largest few times `keep` of them
// are known, at a small part of the cost.
class Chooser {
 public:
  // For a layer of `inputs` inputs and `weights` weights.
  Chooser(const SupportSearch& search, int64_t inputs, int64_t weights)
      : search_(search),
        inputs_(inputs),
        near_(std::min(search.keep, weights / kNear) * kNear),
        narrows_(!search.pattern.group &&
                 static_cast<double>(near_) < kNarrow * static_cast<double>(weights)) {}

  // The iterate after a step, and the choice of the next; unless `anew`, the choice stays.
  void advance(AdmmIterate& iterate, const AdmmIterate::Step& step, bool anew) {
    if (!anew) {
      SparseRows next = kept_;
      iterate.advance(kept_, step, &next);
      kept_ = std::move(next);
      return;
    }
    if (!narrows_ || looks_ % kLookEvery == 0) {
      iterate.advance(kept_, step);
      choose(iterate.moved());
    } else {
      iterate.advance(kept_, step, &candidates_);
      choose_among_candidates();
    }
    ++looks_;
  }

  // The choice by all weights, float [m, d].
  void choose(const at::Tensor& moved) {
    const at::Tensor squares = moved.square();
    if (narrows_) candidates_ = SparseRows::of(moved, search_.pattern.mask(squares, near_));
    if (narrows_ && search_.pattern.alone) {
      choose_among_candidates();
    } else {
      kept_ = SparseRows::of(moved, search_.pattern.mask(squares, search_.keep));
    }
  }

  at::Tensor mask() const { return kept_.mask(inputs_); }

 private:
  static constexpr int64_t kNear = 3;      // candidates for each weight to keep
  static constexpr double kNarrow = 0.35;  // beyond, the dense product is faster
  static constexpr int kLookEvery = 8;

  void choose_among_candidates() {
    const at::Tensor squares = at::tensor(candidates_.value).square_();
    if (search_.pattern.alone) {
      kept_ = candidates_.chosen(search_.pattern.mask(squares, search_.keep));
      return;
    }
    const at::Tensor places = candidates_.mask(inputs_);
    at::Tensor scores = at::zeros(places.sizes()).masked_scatter_(places, squares);
    kept_ = candidates_.where(search_.pattern.mask(scores, search_.keep));
  }

  const SupportSearch& search_;
  int64_t inputs_;
  int64_t near_;
  bool narrows_;
  int looks_ = 0;
  SparseRows kept_;
  SparseRows candidates_;
};

// The penalty's growth from check to check, for the share of the weights that stay and the share of
// these that changed since the last check. ALPS grows it by 1.1 to 1.3: that freezes the mask
// early, at twice the error on a layer that keeps half a percent of its weights. Layers that keep
// more lose a hundredth by less patience, and where the search leaps between masks of about the
// same error, as in convolutions, waiting brings nothing.
double growth_of_penalty(double density, double changed) {
  constexpr double kLeaping = 1.0 / 3;
  constexpr double kDense = 0.05;
  if (changed > kLeaping) return 1.15;
  return density >= kDense ? 1.08 : 1.05;
}

}  // namespace

at::Tensor search_support(const LayerProblem& problem, const SupportSearch& search) {
  constexpr int kMaxIterations = 300;
  constexpr int kCheckEvery = 3;
  // Below this share of changes, choosing in every second step gives the same error.
  constexpr double kCalm = 0.1;
  // Below this penalty a mask may be constant only because the weights have not reacted to it yet.
  constexpr double kBinding = 0.7;
  AdmmIterate iterate(problem, search.row_weights);
  Chooser chooser(search, problem.cross.size(1), problem.cross.numel());
  chooser.choose(iterate.start());
  // With 0.1 the first masks bind too early: a tenth more error.
  AdmmIterate::Step step{.rho = 0.03, .first = true};
  const auto keep = static_cast<double>(std::max<int64_t>(search.keep, 1));
  const double density = keep / static_cast<double>(problem.cross.numel());
  bool calm = false;
  at::Tensor checked = chooser.mask();
  for (int iteration = 1; iteration <= kMaxIterations; ++iteration) {
    chooser.advance(iterate, step, !calm || iteration % 2 == 0);
    step.first = false;
    step.growth = 1;
    if (iteration % kCheckEvery != 0) continue;
    const at::Tensor mask = chooser.mask();
    const double changed = mask.gt(checked).sum().item<double>() / keep;
    if (changed == 0 && step.rho >= kBinding) break;
    calm = changed < kCalm;
    step.growth = growth_of_penalty(density, changed);
    step.rho *= step.growth;
    checked = mask;
  }
  return chooser.mask();
}

}  // namespace ncprune
