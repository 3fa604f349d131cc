#pragma once

#include <cstdint>
#include <vector>

#include "ncprune/base/tensor.h"

namespace ncprune {

// Loops that visit elements of several arrays in one order. Internal to this folder.
struct NestedLoop {
  int64_t count;
  std::vector<int64_t> strides;  // by array
};

struct LoopNest {
  std::vector<int64_t> starts;                // by array: the first element
  std::vector<NestedLoop> loops;              // outermost first
  int64_t repeats = 1;                        // of all loops, each time from another start
  std::vector<std::vector<int64_t>> offsets;  // by array: of each repeat, if there is more than one
};

// Finds loops over elements `places[k]` [n] (int64) of each array k: whatever is regular becomes a
// loop, the rest a table. Throws InputError when a table would have more than 2^22 entries.
LoopNest loop_nest(const std::vector<at::Tensor>& places);

}  // namespace ncprune
