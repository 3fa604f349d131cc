#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ncprune {

// The names and training samples of the classes, and the rare ones among them.
struct ClassInfo {
  std::vector<std::string> names;  // K
  std::vector<int64_t> counts;     // training samples, K, or none when unknown
  std::vector<int64_t> minority;   // the rare classes to watch
};

}  // namespace ncprune
