#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ncprune/model/network.h"

namespace ncprune {

// A convolution and the kernel of its weight, as windows_over() in windows.h takes them.
struct Convolution {
  Node node;
  std::vector<int64_t> kernel;  // one entry per spatial axis
};

// A layer with a weight: fully connected (a Gemm, or a MatMul with the Add of its bias), a
// convolution, or one group of a convolution. It holds only names; the tensors stay in the network.
// The weight [out, in] multiplies rows [in]: the input, or the patches of a convolution's input;
// see rows.h.
struct Layer {
  std::string name;        // for messages: of the node or the weight; the same for all groups
  std::string weight;      // initializer: [in, out], [out, in], or [out, channels, kernel...]
  bool transposed = true;  // the initializer is stored with `out` first
  std::string bias;        // initializer [out], or empty
  // Initializer [out]: if the layer has no bias, the running mean of the BatchNormalization that is
  // the only reader of z; otherwise empty. It can absorb a shift of z.
  std::string norm_mean;
  std::string input;   // value [N, in], [N, ..., in] or [N, channels, ...]
  std::string output;  // value [N, out], ...: the pre-activation z = W x + b
  // Value of the same shape: z after the BatchNormalization, the activation or both, if they are
  // its only readers; otherwise z.
  std::string activation;
  int64_t node = -1;  // index of the Gemm, MatMul or Conv in Network::nodes
  std::optional<Convolution> convolution = {};  // empty: fully connected
  // The index of the group in a convolution, and the number of groups. A group has its share of the
  // channels of `input`, `output` and `activation`, and of the tensors above: `out` counts the
  // units of the group, while the tensors hold all groups.
  int64_t group = 0;
  int64_t groups = 1;
};

// Every fully connected layer and every convolution with one group, in graph order; the last is the
// classifier ("head"). Excluded: Gemm nodes with transA or unusual alpha or beta, and weights that
// are computed or shared by several nodes.
std::vector<Layer> linear_layers(const Network& network);

// linear_layers() and every group of grouped convolutions, except depthwise ones (one channel per
// group), whose few weights are not worth a search.
std::vector<Layer> weight_layers(const Network& network);

// A weight of a product or convolution that is no Layer.
struct OtherWeight {
  std::string name;  // of the node or the weight
  int64_t weights;
  int64_t units;       // of the output
  std::string reason;  // why it is no layer
  bool by_groups;      // whether its groups are layers
};

// Such weights of every Conv, ConvTranspose, Gemm and MatMul with an initializer and of every
// foreign operator, in graph order.
std::vector<OtherWeight> other_weights(const Network& network);

// Whether the operator is an activation: an elementwise function of one input.
bool is_activation(const std::string& op_type);

// The layers whose weights may be removed: weight_layers() without the last, which is the head or
// feeds the pooling that gives the class scores. Throws InputError when there is none.
std::vector<Layer> prunable_layers(const Network& network);

// The layers whose units may be removed: prunable_layers() without groups of convolutions.
std::vector<Layer> unit_layers(const Network& network);

// The classifier. Throws InputError unless the graph ends in a fully connected layer that computes
// the logits.
Layer head_layer(const Network& network);

// The weight as [out, in] (for a convolution in = channels * kernel, in this order) and the bias as
// [out] (undefined when there is none). Views, not copies.
at::Tensor weight_of(const Network& network, const Layer& layer);
at::Tensor bias_of(const Network& network, const Layer& layer);

// The layer's share of `whole` along `axis`, which all groups of a convolution divide; `whole` if
// there is only one group. A view.
at::Tensor share_of(const Layer& layer, const at::Tensor& whole, int64_t axis);

// as_matrix() views a tensor that is stored like the layer's weight as [out, in]; as_stored() is
// its inverse, for the layer's share of such a tensor.
at::Tensor as_matrix(const Layer& layer, const at::Tensor& stored);
at::Tensor as_stored(const Layer& layer, const at::Tensor& matrix);

// Replaces the weight by `weight` [out, in] (stored as the layer stores it; a copy).
void set_weight(Network& network, const Layer& layer, const at::Tensor& weight);

// Whether the layer can add a constant to every output: by its bias or the mean of a
// BatchNormalization.
bool shifts(const Layer& layer);

// Makes `shift` [out] the bias, or, for a layer without bias, subtracts it from the mean of the
// BatchNormalization. REQUIRES: shifts(layer).
void set_shift(Network& network, const Layer& layer, const at::Tensor& shift);

// Replaces the bias by `bias` [out]. A layer without bias gets one, unless it is one of several
// groups (a Gemm or Conv gets a third input, a MatMul an Add after it); its description is stale
// afterwards.
void set_bias(Network& network, const Layer& layer, const at::Tensor& bias);

}  // namespace ncprune
