#pragma once

#include <string>
#include <vector>

#include "ncprune/model/network.h"

namespace ncprune {

// A scale and a shift of every channel of a value, y = scale u + shift, which can be adapted
// without touching the pattern of zeros: those of a normalization, or of a convolution or fully
// connected layer, whose scale multiplies the weights of each channel.
struct ChannelAffine {
  std::string node;   // for messages: its label and type
  std::string value;  // y: [N, C, ...], or [N, ..., C] if `last`
  bool last = false;
  // The initializer that the scale multiplies, and its axis of the channels; empty: only the shift
  // is adapted.
  std::string scale;
  int64_t scale_axis = 0;
  std::string shift;  // initializer [C]; empty: only the scale is adapted

  // Sums over all positions of a value of y's shape: [N, C].
  at::Tensor sums(const at::Tensor& y) const;
};

// Multiplies the scale of every channel by `factor` and adds `delta` to its shift, both [C], where
// there is a scale or a shift. Other tensors of `network` stay as they are.
void adapt(Network& network, const ChannelAffine& affine, const at::Tensor& factor,
           const at::Tensor& delta);

// BatchNormalization and LayerNormalization over the last axis, then convolutions and fully
// connected layers whose output no such BatchNormalization reads alone, in the graph's order; of
// the head only its biases, with which the mean probability of each class can agree with a target.
// A layer without a bias has no place for a shift. Left out: what is computed instead of an
// initializer, and weights that other nodes use.
std::vector<ChannelAffine> channel_affines(const Network& network);

}  // namespace ncprune
