#pragma once

#include "ncprune/data/dataset.h"
#include "ncprune/model/layers.h"

namespace ncprune {

// A layer whose remaining weights are to preserve the values behind it.
struct DeepReconstruction {
  const Network& dense;
  const Network& pruned;  // its layer holds the masked weight to start from
  const Layer& layer;
  at::Tensor mask;  // bool [m, d]
  const Dataset& data;
};

// The weight [m, d], double, zero where the mask is false, that minimises
//   the mean over samples of sum_k ||y_k(W) - y_k||^2,
// y_k the next 20 values behind the weight in the dense network: pre-activations and activations of
// the layer and of those after it (SNOWS: Lucas, Mazumder 2025). Three Newton steps by conjugate
// gradients with products of the Gauss-Newton matrix, which is the Hessian where everything behind
// the layer is piecewise linear; each step is halved until the sum falls. Runs about 512 samples at
// even distances in double. Time: about 150 forward and backward passes over them. If ONNX Runtime
// runs an operator of the network, which then has no gradient, the weight stays as it is.
at::Tensor reconstruct_deeply(const DeepReconstruction& task);

}  // namespace ncprune
