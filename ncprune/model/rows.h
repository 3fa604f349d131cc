#pragma once

#include "ncprune/model/layers.h"

namespace ncprune {

// Functions here throw InputError, naming the node, where a convolution does not fit its input.
//
// A layer's weight [m, d] meets rows [d]. A fully connected layer's meets one a sample, or one at
// every place of a sequence; a convolution's meets a patch at every position of its output. An
// average over a sample's rows counts every position alike.

// Which rows of a few samples are read.
struct RowChoice {
  int64_t samples;       // N
  int64_t per_sample;    // P, of those chosen
  at::Tensor positions;  // int64 [N, P], where the input lies, ascending in every sample;
                         // undefined: all there are
};

// All rows of `samples` samples, whose input of the layer is `input`.
RowChoice every_row(const Layer& layer, const at::Tensor& input, int64_t samples);

// At most `most` of every sample's, at even distances; where they begin goes by the sample's index
// in the data (`first` is that of the first), so that no batch size changes the choice.
struct RowLimit {
  int64_t first;
  int64_t most;
};
RowChoice choose_rows(const Layer& layer, const at::Tensor& input, int64_t samples,
                      const RowLimit& limit);

// The chosen rows of the layer's input, [N * P, d], sample by sample. A view where it can be.
at::Tensor input_rows(const Layer& layer, const at::Tensor& input, const RowChoice& choice);

// The same of a value shaped like the layer's output (of a group like that of all), [N * P, m]: the
// output itself, the activation, or a derivative by one of them.
at::Tensor output_rows(const Layer& layer, const at::Tensor& output, const RowChoice& choice);

// The mean over all rows of every sample of a value shaped like the layer's output, [N, m]: one
// feature per unit.
at::Tensor unit_means(const Layer& layer, const at::Tensor& output, int64_t samples);

}  // namespace ncprune
