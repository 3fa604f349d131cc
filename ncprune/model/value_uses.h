#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "ncprune/model/network.h"

namespace ncprune {

// How often each value is read, by a node or as the network's output; and the index of the node
// that writes it.
struct ValueUses {
  std::unordered_map<std::string, int64_t> reads;
  std::unordered_map<std::string, size_t> writers;

  explicit ValueUses(const Network& network);
};

}  // namespace ncprune
