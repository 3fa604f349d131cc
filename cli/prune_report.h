#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "ncprune/ncprune.h"

namespace ncprune::cli {

// Prints what was removed from `dense` and the name of the file `written`; returns it as JSON.
Json report_pruned(const Network& dense, const Pruned& pruned, const std::string& written);

}  // namespace ncprune::cli
