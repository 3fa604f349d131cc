#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "ncprune/ncprune.h"

namespace ncprune::cli {

// How to prune, as the command line says it.
struct PruneRequest {
  Recipe recipe{.method = find_named(methods(), "surgeon", "method")};
  std::optional<double> structured = {};  // the share of units to remove; none: single weights
  std::string budget = "units";           // what that is a share of
};

// Every option of a recipe but those of units, alike for every command that prunes.
void add_prune_options(CLI::App& command, PruneRequest& request);

// --structured, --budget and --round-to.
void add_structured_options(CLI::App& command, PruneRequest& request);

Recipe recipe_of(const PruneRequest& request, uint64_t seed);

// The inputs of a pruning, read and checked.
struct PruneTask {
  Recipe recipe;  // resolved
  PreparedData data;
  Calibration calibration;  // the dense network and the training part of `data`
};
PruneTask prune_task(const std::string& network, const DataRequest& data,
                     const PruneRequest& request);

}  // namespace ncprune::cli
