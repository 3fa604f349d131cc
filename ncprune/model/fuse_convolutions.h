#pragma once

#include <memory>

#include "ncprune/model/network.h"

namespace ncprune {

// with_norms_folded(), in which convolutions also do the work of the sum (Add) and the Relu behind
// them, in one pass. It computes the same values with running statistics, up to rounding. Values
// keep their names, but those that only such an Add, Relu or BatchNormalization read are gone.
// ONNX Runtime names such a convolution FusedConv, in the domain com.microsoft: its inputs are X,
// W, B and the summand Z, the latter two may be omitted; its attribute "activation" is "Relu" or
// absent. Here it has a second output: X, for the nodes behind it that read X too, so that their
// gradients by X join its own without a pass over memory.
Network with_convolutions_fused(const Network& network);

// What runs it.
struct Operator;
const std::shared_ptr<const Operator>& fused_convolution();

}  // namespace ncprune
