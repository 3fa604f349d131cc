#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "ncprune/ncprune.h"

namespace ncprune::cli {

// Prints what was removed and what was `written`, and gives the same as data.
Json report_pruned(const Pruned& pruned, const std::string& written);
Json report_pruned(const UnitsPruned& pruned, const std::string& written);

// Prints what happened to the BatchNormalization of `network` if it has any and something did.
void report_batch_norm(const Network& network, const std::string& treatment);

// Writes the network to `output` and reports it.
template <typename PrunedNetwork>
Json write_pruned(const PrunedNetwork& pruned, const std::string& output) {
  write_onnx(output, pruned.network);
  return report_pruned(pruned, output);
}

}  // namespace ncprune::cli
