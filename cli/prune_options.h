#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "ncprune/ncprune.h"

namespace ncprune::cli {

// How to prune, as the command line says it: a method and the parts of it that are to differ.
struct PruneRequest {
  std::string method = "surgeon";
  Method parts;  // those given on the command line
  PruneOptions options;
  bool sparsity_given = false;
  std::optional<double> structured = {};  // share of the units to remove; none: single weights

  PruneRequest();
};

// Every option of PruneOptions but the budget, alike for every command that prunes.
void add_prune_options(CLI::App& command, PruneRequest& request);

// The method with its parts; a pattern N:M fixes the sparsity where none was given. Throws
// InputError on an unknown method or pattern.
PruneOptions prune_options(const PruneRequest& request, uint64_t seed);

// --structured and --budget.
void add_structured_options(CLI::App& command, PruneRequest& request);

// The inputs of a pruning: everything is read, checked and measured.
struct PruneTask {
  PruneOptions options;
  Network dense;
  PreparedData data;
  std::vector<LayerStatistics> statistics;  // of data.train in `dense`

  Calibration calibration() const { return {data.train, statistics}; }
};
PruneTask prune_task(const std::string& network, const DataRequest& data,
                     const PruneRequest& request);

}  // namespace ncprune::cli
