#pragma once

#include "ncprune/data/dataset.h"

namespace ncprune {

// The bytes that all inputs take as floats.
int64_t input_bytes(const Dataset& data);

// Whether all inputs may be in memory at once: see memory_limit() (runtime.h).
bool fits_in_memory(const Dataset& data);

}  // namespace ncprune
