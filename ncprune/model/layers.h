#pragma once

#include <string>
#include <vector>

#include "ncprune/model/network.h"

namespace ncprune {

// A fully connected layer as the graph holds it: a Gemm, or a MatMul with the Add of its bias. Only
// names: the tensors stay in the network.
struct Layer {
  std::string name;        // for people: the node's name, or its weight's
  std::string weight;      // initializer, [in, out] or [out, in]
  bool transposed = true;  // the initializer is stored as [out, in]
  std::string bias;        // initializer [out], or empty
  std::string input;       // value [N, in]
  std::string output;      // value [N, out]: the pre-activation z = W x + b
  // Value [N, out]: z after the BatchNormalization and the activation, or one of them, that alone
  // read it; else z.
  std::string activation;
  int64_t node = -1;  // index of the Gemm or MatMul in Network::nodes
};

// Every fully connected layer in graph order; the last is the classifier ("head"). A Gemm with
// transA, alpha or beta other than the usual, or weights that are computed or shared with another
// node, is not one.
std::vector<Layer> linear_layers(const Network& network);

// The layers that lose weights: all but the head. Throws InputError when there is none.
std::vector<Layer> prunable_layers(const Network& network);

// The classifier. Throws InputError when the graph does not end in a fully connected layer that
// gives the logits.
Layer head_layer(const Network& network);

// The weight as [out, in] and the bias as [out] (undefined when there is none). Views, not copies.
at::Tensor weight_of(const Network& network, const Layer& layer);
at::Tensor bias_of(const Network& network, const Layer& layer);

// Replaces the weight by `weight` [out, in] (stored as the layer stores it; a copy).
void set_weight(Network& network, const Layer& layer, const at::Tensor& weight);

// Replaces the bias by `bias` [out]; a layer without one gets one (a Gemm a third input, a MatMul
// an Add behind it). The layer's description is stale afterwards if it had none.
void set_bias(Network& network, const Layer& layer, const at::Tensor& bias);

}  // namespace ncprune
