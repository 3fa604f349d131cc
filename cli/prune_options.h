#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "ncprune/ncprune.h"

namespace ncprune::cli {

// The pruning options of a command line.
struct PruneRequest {
  Recipe recipe{.method = find_method("surgeon")};
  std::optional<double> structured = {};  // the share if units are removed
  std::string budget = "units";           // the quantity that `structured` is a share of
  bool force = false;                     // prune even if network and data seem not to fit
};

// Adds all recipe options except those of units; every command that prunes has them.
void add_prune_options(CLI::App& command, PruneRequest& request);

// Adds --structured, --budget and --round-to.
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
