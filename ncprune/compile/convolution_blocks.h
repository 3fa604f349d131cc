#pragma once

#include <cstdint>
#include <vector>

#include "ncprune/compile/program.h"

namespace ncprune {

// The weights of a convolution in blocks of rows that share the columns they read.
struct BlockedWeights {
  int64_t rows = 1;              // of a block
  std::vector<int64_t> outputs;  // by row of all blocks
  std::vector<int64_t> columns;  // by block
  std::vector<int64_t> taps;     // by block and column: index of the first row's tap
  std::vector<float> weights;    // by block, column and row
};

// The weights of the step in blocks of 1, 2, 4 or 8 rows, whichever costs least for its zeros. Rows
// of different groups never share a block. Internal to this folder.
BlockedWeights blocked(const ConvolutionStep& step);

}  // namespace ncprune
