#pragma once

#include <functional>
#include <vector>

#include "ncprune/data/dataset.h"
#include "ncprune/evaluate/promise.h"
#include "ncprune/model/network.h"

namespace ncprune {

// A network, and samples that are not used for pruning it.
struct NetworkToKeep {
  const Network& dense;
  const Dataset& held_out;
};

struct PromiseStep {
  double share;  // removed
  Verdict verdict;
};

struct PromiseSearch {
  std::vector<PromiseStep> steps;
  size_t chosen;  // the last step that kept the promise; the first when none did
  bool kept;      // whether the chosen one did
};

// Searches for the largest share that can be removed while the promise is kept. Prunes
// progressively, starting at 50 %: each step reduces the remaining share by a fifth, up to `most`
// removed. Stops at the first step at which the promise is not kept on `held_out`.
//
// The order of the steps is fixed beforehand and the search stops at the first failure. Therefore
// each step is tested at the full confidence, although all use the same samples (fixed sequence
// testing). Throws InputError as require_valid() and when `most` is not in (0, 1).
PromiseSearch search_promise(const NetworkToKeep& task, const Promise& promise, double most,
                             const std::function<Network(double share)>& prune_by);

}  // namespace ncprune
