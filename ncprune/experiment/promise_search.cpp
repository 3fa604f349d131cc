#include "ncprune/experiment/promise_search.h"

#include <fmt/format.h>

#include <algorithm>

#include "ncprune/base/error.h"
#include "ncprune/base/progress.h"
#include "ncprune/evaluate/metrics.h"

namespace ncprune {
namespace {

// Starts at one half.
std::vector<double> shares_up_to(double most) {
  std::vector<double> shares;
  for (double kept = 0.5; 1 - kept < most; kept *= 0.8) shares.push_back(1 - kept);
  shares.push_back(most);
  return shares;
}

}  // namespace

PromiseSearch search_promise(const NetworkToKeep& task, const Promise& promise, double most,
                             const std::function<Network(double share)>& prune_by) {
  require_valid(promise);
  if (!(most > 0 && most < 1)) {
    throw InputError(fmt::format("largest share to remove {} is outside (0, 1)", most));
  }
  const at::Tensor before = class_scores(task.dense, task.held_out);
  const std::vector<double> shares = shares_up_to(most);
  Progress progress("promise", std::ssize(shares));
  std::vector<PromiseStep> steps;
  for (const double share : shares) {
    const Network pruned = prune_by(share);
    steps.push_back({share, judge(promise, before, class_scores(pruned, task.held_out),
                                  task.held_out.targets())});
    progress.advance();
    if (!steps.back().verdict.kept) break;
  }
  const auto kept = static_cast<size_t>(std::count_if(
      steps.begin(), steps.end(), [](const PromiseStep& step) { return step.verdict.kept; }));
  return {std::move(steps), kept > 0 ? kept - 1 : 0, kept > 0};
}

}  // namespace ncprune
