#pragma once

#include <cstdint>

namespace ncprune {

// One tensor's share of a training step, as raw arrays of `size` elements. Nothing overlaps.
struct UpdateArrays {
  float* value;           // in and out: the weights
  const float* gradient;  // of the loss
  float* first;           // in and out: SGD's momentum buffer, Adam's mean of the gradient
  float* second;          // in and out: Adam's mean of the squared gradient; null for SGD
};

// The step's scalars, worked out once for all tensors.
struct UpdateScalars {
  float rate;     // SGD: learning rate; Adam: learning rate / (1 - beta1^t)
  float keep;     // share of the old first moment that stays: SGD's momentum, Adam's beta1
  float gain;     // weight of the new gradient in it: 1 for SGD, 1 - beta1 for Adam
  float l2;       // weight decay added to the gradient
  float shrink;   // the old weight times this remains: 1, or 1 - rate * decay for AdamW
  float keep2;    // Adam's beta2
  float gain2;    // 1 - beta2
  float unbias2;  // 1 / sqrt(1 - beta2^t)
  float epsilon;  // added to the root of the second moment
};

// Elements [begin, end), each array passed over once: g = gradient + l2 value,
// first = keep first + gain g, value = shrink value - rate first.
void update_momentum(const UpdateArrays& arrays, const UpdateScalars& s, int64_t begin,
                     int64_t end);

// The same, but second = keep2 second + gain2 g^2 as well and
// value = shrink value - rate first / (unbias2 sqrt(second) + epsilon).
void update_adam(const UpdateArrays& arrays, const UpdateScalars& s, int64_t begin, int64_t end);

}  // namespace ncprune
