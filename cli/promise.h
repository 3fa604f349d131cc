#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/prune_options.h"

namespace ncprune::cli {

// The command line's promise about every class.
struct PromiseRequest {
  std::optional<double> max_class_drop = {};  // percentage points
  std::vector<std::string> min_recall;        // NAME=RECALL
  double confidence = 0.95;

  bool given() const { return max_class_drop.has_value() || !min_recall.empty(); }
};

// Adds --max-class-drop, which `drop_help` describes, --min-recall and --confidence.
void add_promise_options(CLI::App& command, PromiseRequest& request, const std::string& drop_help);

// The requested promise, for classes called `names`. Throws InputError on an invalid request.
Promise promise_of(const PromiseRequest& request, const std::vector<std::string>& names);

// Ends a command whose result is written but does not keep the promise: exit code 2.
struct PromiseNotKept {};

// Searches for the largest share that keeps the promise, prints the verdict, and sets the share in
// task.recipe; json["kept"] says whether that share keeps the promise. Throws InputError.
Json settle_promise(PruneTask& task, const PromiseRequest& request, const PruneRequest& prune);

}  // namespace ncprune::cli
