#pragma once

#include <string>

#include "ncprune/model/unit_walk.h"

namespace ncprune {

// Carries the units of a node's first input to its outputs: `labels` as they stand, of more than
// one unit. False when the operator is none of those that move elements without computing anything
// (Reshape, Flatten, Squeeze, Unsqueeze, Transpose, Gather, Slice, Split), or when the units cannot
// be followed through it.
bool pass_shape(UnitWalk& walk, const Node& node, const at::Tensor& labels);

// The same of Concat, which all inputs have to give units to.
bool pass_concat(UnitWalk& walk, const Node& node);

}  // namespace ncprune
