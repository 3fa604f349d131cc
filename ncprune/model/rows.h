#pragma once

#include "ncprune/model/layers.h"

namespace ncprune {

// The functions here throw InputError, naming the node, when a convolution does not fit its input.
//
// A layer's weight [m, d] multiplies rows [d]. A fully connected layer has one row per sample, or
// one per position of a sequence; a convolution has one patch per position of its output. An
// average over a sample's rows weighs every position equally.

// A choice of rows from a few samples.
struct RowChoice {
  int64_t samples;       // N
  int64_t per_sample;    // P chosen rows
  at::Tensor positions;  // int64 [N, P], where the input lies, ascending in every sample;
                         // undefined: all there are
};

// All rows of `samples` samples; `input` is their input of the layer.
RowChoice every_row(const Layer& layer, const at::Tensor& input, int64_t samples);

// At most `most` rows of every sample, equally spaced. The offset depends on the sample's index in
// the data (`first` for the first sample), so that the batch size does not change the choice.
struct RowLimit {
  int64_t first;
  int64_t most;
};
RowChoice choose_rows(const Layer& layer, const at::Tensor& input, int64_t samples,
                      const RowLimit& limit);

// The chosen rows of the layer's input, [N * P, d], sample by sample. A view if possible; the
// patches of a convolution are copied, and no gradient flows through the copy.
at::Tensor input_rows(const Layer& layer, const at::Tensor& input, const RowChoice& choice);

// The chosen rows [N * P, m] of a value with the shape of the layer's output (for a group, that of
// all groups): the output, the activation, or a derivative by one of them.
at::Tensor output_rows(const Layer& layer, const at::Tensor& output, const RowChoice& choice);

// The mean over all rows of every sample of a value with the shape of the layer's output, [N, m]:
// one feature per unit.
at::Tensor unit_means(const Layer& layer, const at::Tensor& output, int64_t samples);

}  // namespace ncprune
