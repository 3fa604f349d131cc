#pragma once

#include <cstdint>
#include <vector>

#include "ncprune/compile/program.h"

namespace ncprune {

// The weights of a convolution that read one range of its input's planes.
struct ConvolutionPart {
  std::vector<int64_t> outputs;    // by row of all blocks: the plane that it writes
  std::vector<float> bias;         // by row of all blocks; 0 but in the first part
  std::vector<int64_t> columns;    // by block
  std::vector<int64_t> distances;  // by block and column, in floats from the first tap
  std::vector<float> weights;      // by block, column and row
};

// A convolution as its kernels compute it: part after part, each of which adds to what the parts
// before it wrote, and in each part block after block.
struct PartedConvolution {
  int64_t rows;   // of a block
  int64_t tile;   // positions at a time
  int64_t first;  // distance of the first tap from the position that is written; at most 0
  std::vector<ConvolutionPart> parts;
};

// `step` from `in` to `out`, layouts of its values. Internal to this folder.
PartedConvolution parted(const ConvolutionStep& step, const ValueLayout& in,
                         const ValueLayout& out);

}  // namespace ncprune
