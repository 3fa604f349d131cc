#pragma once

#include <cstdint>

namespace ncprune {

// The arrays of one tensor in a training step; all have the same size and do not overlap.
struct UpdateArrays {
  float* value;           // in and out: the weights
  const float* gradient;  // of the loss
  float* first;           // in and out: SGD's momentum buffer, Adam's mean of the gradient
  float* second;          // in and out: Adam's mean of the squared gradient; null for SGD
};

// The scalars of a step, computed once for all tensors.
struct UpdateScalars {
  float rate;     // SGD: learning rate; Adam: learning rate / (1 - beta1^t)
  float keep;     // factor of the old first moment: SGD's momentum, Adam's beta1
  float gain;     // factor of the new gradient: 1 for SGD, 1 - beta1 for Adam
  float l2;       // weight decay added to the gradient
  float shrink;   // factor of the old weight: 1, or 1 - rate * decay for AdamW
  float keep2;    // Adam's beta2
  float gain2;    // 1 - beta2
  float unbias2;  // 1 / sqrt(1 - beta2^t)
  float epsilon;  // added to the root of the second moment
};

// Updates elements [begin, end) in one pass: g = gradient + l2 value, first = keep first + gain g,
// value = shrink value - rate first.
void update_momentum(const UpdateArrays& arrays, const UpdateScalars& s, int64_t begin,
                     int64_t end);

// Updates elements [begin, end) with g and first as in update_momentum(); second = keep2 second +
// gain2 g^2, value = shrink value - rate first / (unbias2 sqrt(second) + epsilon).
void update_adam(const UpdateArrays& arrays, const UpdateScalars& s, int64_t begin, int64_t end);

}  // namespace ncprune
