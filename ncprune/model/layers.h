#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ncprune/model/network.h"

namespace ncprune {

// How a convolution meets its input: windows_over(node, shape of the input, kernel) in windows.h.
struct Convolution {
  Node node;
  std::vector<int64_t> kernel;  // one entry per spatial axis
};

// A layer with a weight as the graph holds it: fully connected (a Gemm, or a MatMul with the Add of
// its bias), a convolution, or one group of a convolution. Only names: the tensors stay in the
// network. What the weight [out, in] is multiplied with are rows [in]: the input itself, or of a
// convolution its patches; see rows.h.
struct Layer {
  std::string name;        // for people: the node's name, or its weight's; the same for all groups
  std::string weight;      // initializer: [in, out], [out, in], or [out, channels, kernel...]
  bool transposed = true;  // the initializer is stored with `out` first
  std::string bias;        // initializer [out], or empty
  // Initializer [out]: the running mean of the BatchNormalization that alone reads z, where there
  // is no bias; else empty. A shift of z can be taken up there.
  std::string norm_mean;
  std::string input;   // value [N, in], [N, ..., in] or [N, channels, ...]
  std::string output;  // value [N, out], ...: the pre-activation z = W x + b
  // Value of the same shape: z after the BatchNormalization and the activation, or one of them,
  // that alone read it; else z.
  std::string activation;
  int64_t node = -1;  // index of the Gemm, MatMul or Conv in Network::nodes
  std::optional<Convolution> convolution = {};  // empty: fully connected
  // Which of a convolution's groups, of how many. A group has its share of the channels of `input`,
  // `output` and `activation`, and of the tensors above: `out` is that of the group, the tensors
  // hold those of all.
  int64_t group = 0;
  int64_t groups = 1;
};

// Every fully connected layer and convolution of one group in graph order; the last is the
// classifier ("head"). Not one of them are a Gemm with transA, alpha or beta other than the usual
// and weights that are computed or shared with another node.
std::vector<Layer> linear_layers(const Network& network);

// The same and every group of convolutions of several, but of those that see one channel each
// (depthwise): their few weights are not worth a search.
std::vector<Layer> weight_layers(const Network& network);

// A weight that multiplies like a layer's and belongs to none.
struct OtherWeight {
  std::string name;  // of the node, or the weight's
  int64_t weights;
  int64_t units;       // of its output
  std::string reason;  // why it is no layer's
  bool by_groups;      // its groups are layers
};

// Those of every Conv, ConvTranspose, Gemm and MatMul with an initializer and of every operator
// that is foreign, in graph order.
std::vector<OtherWeight> other_weights(const Network& network);

// Whether the operator is an activation: one value in, and every element by itself.
bool is_activation(const std::string& op_type);

// The layers that lose weights: weight_layers() but the last, which is the head, or what gives the
// class scores to a pooling. Throws InputError when there is none.
std::vector<Layer> prunable_layers(const Network& network);

// The layers whose units may be removed: those of them that are not one group of several.
std::vector<Layer> unit_layers(const Network& network);

// The classifier. Throws InputError when the graph does not end in a fully connected layer that
// gives the logits.
Layer head_layer(const Network& network);

// The weight as [out, in] (of a convolution in = channels * kernel, in this order) and the bias as
// [out] (undefined when there is none). Views, not copies.
at::Tensor weight_of(const Network& network, const Layer& layer);
at::Tensor bias_of(const Network& network, const Layer& layer);

// The layer's share of `whole` along `axis`, which all groups of a convolution divide: `whole`
// unless there are several. A view.
at::Tensor share_of(const Layer& layer, const at::Tensor& whole, int64_t axis);

// The view [out, in] of a tensor stored like the layer's weight, and the way back, to the layer's
// share of such a tensor.
at::Tensor as_matrix(const Layer& layer, const at::Tensor& stored);
at::Tensor as_stored(const Layer& layer, const at::Tensor& matrix);

// Replaces the weight by `weight` [out, in] (stored as the layer stores it; a copy).
void set_weight(Network& network, const Layer& layer, const at::Tensor& weight);

// Whether the layer can shift every output by a constant as it stands: by its bias or the mean of a
// BatchNormalization.
bool shifts(const Layer& layer);

// Shifts z by `shift` [out] beyond what the weight and, if there is one, the mean of the
// BatchNormalization do: that becomes the bias, or is taken from the mean. REQUIRES: shifts(layer).
void set_shift(Network& network, const Layer& layer, const at::Tensor& shift);

// Replaces the bias by `bias` [out]; a layer without one, if it is not one of several groups, gets
// one (a Gemm or Conv a third input, a MatMul an Add behind it). The layer's description is stale
// afterwards if it had none.
void set_bias(Network& network, const Layer& layer, const at::Tensor& bias);

}  // namespace ncprune
