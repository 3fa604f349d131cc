#include <ATen/ops/zeros_like.h>

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
  explicit Chooser(const SupportSearch& search, int64_t weights)
      : search_(search),
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
    mask_ = search_.pattern.mask(squares, search_.keep);
    kept_ = SparseRows::of(moved, mask_);
    if (!narrows_) return;
    candidates_ = SparseRows::of(moved, search_.pattern.mask(squares, near_));
    scores_ = at::zeros_like(squares);
  }

  const at::Tensor& mask() const { return mask_; }

 private:
  static constexpr int64_t kNear = 3;      // candidates for each weight to keep
  static constexpr double kNarrow = 0.35;  // beyond, the dense product is faster
  static constexpr int kLookEvery = 8;

  void choose_among_candidates() {
    const auto d = static_cast<size_t>(scores_.size(1));
    const auto scores = elements<float>(scores_);
    for (size_t i = 0; i + 1 < candidates_.first.size(); ++i) {
      for (size_t place = candidates_.first[i]; place < candidates_.first[i + 1]; ++place) {
        const float moved = candidates_.value[place];
        scores[i * d + static_cast<size_t>(candidates_.column[place])] = moved * moved;
      }
    }
    mask_ = search_.pattern.mask(scores_, search_.keep);
    kept_ = candidates_.where(mask_);
  }

  const SupportSearch& search_;
  int64_t near_;
  bool narrows_;
  int looks_ = 0;
  at::Tensor mask_;
  at::Tensor scores_;  // of the candidates; 0 elsewhere
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
  Chooser chooser(search, problem.cross.numel());
  chooser.choose(iterate.start());
  // With 0.1 the first masks bind too early: a tenth more error.
  AdmmIterate::Step step{.rho = 0.03, .first = true};
  const auto keep = static_cast<double>(search.keep);
  const double density = keep / static_cast<double>(problem.cross.numel());
  bool calm = false;
  at::Tensor checked = chooser.mask();
  for (int iteration = 1; iteration <= kMaxIterations; ++iteration) {
    chooser.advance(iterate, step, !calm || iteration % 2 == 0);
    step.first = false;
    step.growth = 1;
    if (iteration % kCheckEvery != 0) continue;
    const double changed = chooser.mask().gt(checked).sum().item<double>() / keep;
    if (changed == 0 && step.rho >= kBinding) break;
    calm = changed < kCalm;
    step.growth = growth_of_penalty(density, changed);
    step.rho *= step.growth;
    checked = chooser.mask();
  }
  return chooser.mask();
}

}  // namespace ncprune
