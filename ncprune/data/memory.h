#pragma once

#include "ncprune/data/dataset.h"

namespace ncprune {

// What all inputs take at once as floats, in bytes.
int64_t input_bytes(const Dataset& data);

// Whether all inputs may be in memory at once: see memory_limit() (runtime.h).
bool fits_in_memory(const Dataset& data);

}  // namespace ncprune
