#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "ncprune/ncprune.h"

namespace ncprune::cli {

// Prints what was removed from `dense` and what was `written`, and gives the same as data.
Json report_pruned(const Network& dense, const Pruned& pruned, const std::string& written);

}  // namespace ncprune::cli
