#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/prune_options.h"

namespace ncprune::cli {

// The promise about every class, as the command line gives it.
struct PromiseRequest {
  std::optional<double> max_class_drop = {};  // percentage points
  std::vector<std::string> min_recall;        // NAME=RECALL
  double confidence = 0.95;

  bool given() const { return max_class_drop.has_value() || !min_recall.empty(); }
};

// --max-class-drop, --min-recall and --confidence.
void add_promise_options(CLI::App& command, PromiseRequest& request);

// The promise that was asked for, about classes called `names`. Throws InputError.
Promise promise_of(const PromiseRequest& request, const std::vector<std::string>& names);

// Leaves a command when its work is done and written but the promise is not kept: exit code 2.
struct PromiseNotKept {};

// Searches for the most that the promise allows, prints what was judged, and sets it in
// task.recipe; json["kept"] says whether the promise is kept by it. Throws InputError.
Json settle_promise(PruneTask& task, const PromiseRequest& request, const PruneRequest& prune);

}  // namespace ncprune::cli
