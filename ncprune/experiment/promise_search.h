#pragma once

#include <functional>
#include <vector>

#include "ncprune/data/dataset.h"
#include "ncprune/evaluate/promise.h"
#include "ncprune/model/network.h"

namespace ncprune {

// A network, and samples that its pruning does not see.
struct NetworkToKeep {
  const Network& dense;
  const Dataset& held_out;
};

struct PromiseStep {
  double share;  // what was removed
  Verdict verdict;
};

struct PromiseSearch {
  std::vector<PromiseStep> steps;
  size_t chosen;  // the last step that kept the promise; the first when none did
  bool kept;      // whether the chosen one did
};

// Looks for the largest share that can be removed and the promise kept: prunes by more and more,
// from a half on, what is left falling by a fifth a step, up to `most`, and stops at the first step
// whose verdict on `held_out` is that the promise is not kept.
//
// Taking the steps in an order fixed beforehand and stopping at the first failure is what lets
// every one of them be judged with the whole confidence, although all look at the same samples
// (fixed sequence testing). Throws InputError as require_valid() and when `most` is not in (0, 1).
PromiseSearch search_promise(const NetworkToKeep& task, const Promise& promise, double most,
                             const std::function<Network(double share)>& prune_by);

}  // namespace ncprune
