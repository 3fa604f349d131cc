#include <ATen/ops/matmul.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "ncprune/base/device.h"
#include "ncprune/prune/admm_iterate.h"
#include "ncprune/prune/reconstruction.h"

namespace ncprune {
namespace {

// The iterate of a search, and the weights that it keeps: those with the largest W + V.
class Iterate {
 public:
  virtual ~Iterate() = default;
  // The next step, and the choice after it; unless `anew`, the choice may stay.
  virtual void advance(const AdmmStep& step, bool anew) = 0;
  virtual at::Tensor mask() const = 0;
};

// In main memory. Weights that are far from being kept are looked at only now and then; in between,
// the largest few times `keep` of them are known, at a small part of the cost.
class IterateInMemory final : public Iterate {
 public:
  IterateInMemory(const EigenProblem& problem, const SupportSearch& search)
      : search_(search),
        inputs_(problem.vectors.size(0)),
        near_(std::min(search.keep, problem.target.numel() / kNear) * kNear),
        narrows_(!search.pattern.group &&
                 static_cast<double>(near_) <
                     kNarrow * static_cast<double>(problem.target.numel())),
        iterate_(problem) {
    choose(iterate_.start());
  }

  void advance(const AdmmStep& step, bool anew) override {
    if (!anew) {
      SparseRows next = kept_;
      iterate_.advance(kept_, step, &next);
      kept_ = std::move(next);
      return;
    }
    if (!narrows_ || looks_ % kLookEvery == 0) {
      iterate_.advance(kept_, step);
      choose(iterate_.moved());
    } else {
      iterate_.advance(kept_, step, &candidates_);
      choose_among_candidates();
    }
    ++looks_;
  }

  at::Tensor mask() const override { return kept_.mask(inputs_); }

 private:
  static constexpr int64_t kNear = 3;      // candidates for each weight to keep
  static constexpr double kNarrow = 0.35;  // beyond, the dense product is faster
  static constexpr int kLookEvery = 8;

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
  AdmmIterate iterate_;
  SparseRows kept_;
  SparseRows candidates_;
};

// On another device, where dense products cost little: every choice is among all weights.
class IterateOnDevice final : public Iterate {
 public:
  IterateOnDevice(EigenProblem problem, const SupportSearch& search)
      : search_(search), problem_(std::move(problem)) {
    problem_.target = at::matmul(problem_.target, problem_.vectors);
    keep(problem_.target / (problem_.values + kStartRidge), /*anew=*/true);
  }

  void advance(const AdmmStep& step, bool anew) override {
    const at::Tensor kept = at::matmul(kept_, problem_.vectors);
    const at::Tensor dual = step.first ? at::zeros_like(kept) : (moved_ - kept) / step.growth;
    moved_ = ((kept - dual) * step.rho + problem_.target) / (problem_.values + step.rho) + dual;
    keep(moved_, anew);
  }

  at::Tensor mask() const override { return mask_; }

 private:
  // Sets D from W + V in the eigenbasis, [m, d].
  void keep(const at::Tensor& moved, bool anew) {
    const at::Tensor weights = at::matmul(moved, problem_.vectors.t());
    if (anew) mask_ = search_.pattern.mask(weights.square(), search_.keep);
    kept_ = weights * mask_;
  }

  const SupportSearch& search_;
  EigenProblem problem_;  // its target in the eigenbasis
  at::Tensor moved_;      // W + V in the eigenbasis, [m, d]
  at::Tensor kept_;       // D, [m, d]
  at::Tensor mask_;
};

std::unique_ptr<Iterate> begin_search(const LayerProblem& problem, const SupportSearch& search) {
  const at::Device device = compute_device();
  const EigenProblem scaled = EigenProblem::of(
      {problem.metric.to(device), problem.cross.to(device)}, search.row_weights.to(device));
  if (device.is_cpu()) return std::make_unique<IterateInMemory>(scaled, search);
  return std::make_unique<IterateOnDevice>(scaled, search);
}

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
  const std::unique_ptr<Iterate> iterate = begin_search(problem, search);
  // With 0.1 the first masks bind too early: a tenth more error.
  AdmmStep step{.rho = 0.03, .first = true};
  const auto keep = static_cast<double>(std::max<int64_t>(search.keep, 1));
  const double density = keep / static_cast<double>(problem.cross.numel());
  bool calm = false;
  at::Tensor checked = iterate->mask();
  for (int iteration = 1; iteration <= kMaxIterations; ++iteration) {
    iterate->advance(step, !calm || iteration % 2 == 0);
    step.first = false;
    step.growth = 1;
    if (iteration % kCheckEvery != 0) continue;
    const at::Tensor mask = iterate->mask();
    const double changed = mask.gt(checked).sum().item<double>() / keep;
    if (changed == 0 && step.rho >= kBinding) break;
    calm = changed < kCalm;
    step.growth = growth_of_penalty(density, changed);
    step.rho *= step.growth;
    checked = mask;
  }
  return iterate->mask().cpu();
}

}  // namespace ncprune
