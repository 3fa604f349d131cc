#pragma once

#include <string>

#include "ncprune/model/unit_walk.h"

namespace ncprune {

// Passes the units of a node's first input to its outputs; `labels` are the current labels, of more
// than one unit. Returns false when the operator does more than move elements (Reshape, Flatten,
// Squeeze, Unsqueeze, Transpose, Gather, Slice and Split only move them), or when the units cannot
// be followed through it.
bool pass_shape(UnitWalk& walk, const Node& node, const at::Tensor& labels);

// Does this for Concat, whose inputs must all have units.
bool pass_concat(UnitWalk& walk, const Node& node);

}  // namespace ncprune
