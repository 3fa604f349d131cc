#pragma once

#include <memory>

#include "ncprune/model/network.h"

namespace ncprune {

// A copy of `network`, as with_norms_folded() makes it, in which convolutions also do the work of
// the sum (Add) and the Relu behind them, in one pass. It computes the same values with running
// statistics, up to rounding. The values keep their names, but a value that only such an Add, Relu
// or BatchNormalization reads is gone. Autograd leads from its weights to the tensors of `network`.
// The copy is only for run(): it cannot be written to a file.
//
// Such a convolution is the node FusedConv of ONNX Runtime (domain com.microsoft). Its inputs are X
// [N, C, positions...], W, B and the summand Z [N, M, positions...]; B and Z may be omitted. Its
// attribute "activation" is "Relu" or absent. Here the node has a second output, the values of X:
// later nodes that read X take this output instead, so that the gradients that they give by X are
// added while the convolution computes its own.
Network with_convolutions_fused(const Network& network);

struct Operator;

// The operator that runs the nodes FusedConv. The program owns it.
const std::shared_ptr<const Operator>& fused_convolution();

}  // namespace ncprune
