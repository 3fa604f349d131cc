#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ncprune/base/tensor.h"
#include "ncprune/data/table_encoding.h"

namespace ncprune {

// Labelled samples. INVARIANT (see validate()): every label lies in [0, K), and every input is
// finite.
struct Dataset {
  at::Tensor inputs;                     // float [N, ...]; an image is [channels, height, width]
  at::Tensor labels;                     // int64 [N], in [0, K)
  std::vector<std::string> class_names;  // K of them
  // The interval that contains every input: {0, 1} for images, none for tables. Noise is clipped to
  // it.
  std::optional<std::pair<double, double>> range;
  // What each input is called, d of them, for tables; empty for other data.
  std::vector<std::string> feature_names = {};

  int64_t size() const { return labels.size(0); }
  int64_t num_classes() const { return static_cast<int64_t>(class_names.size()); }
  // Shape of one sample, without N.
  std::vector<int64_t> sample_shape() const;
};

// The result of a data source: the samples to learn from (training, validation, calibration) and
// the samples that are used only to measure.
struct TrainTest {
  Dataset train;
  Dataset test;
  std::optional<TableEncoding> table = {};  // how the columns became inputs, for tables
};

// Samples per class, K of them.
std::vector<int64_t> class_counts(const Dataset& data);

// The samples at `indices` (int64 [M]), in that order.
Dataset select(const Dataset& data, const at::Tensor& indices);

// Indices of the samples of class `c`, ascending; int64 [n_c].
at::Tensor class_indices(const Dataset& data, int64_t c);

// Throws InputError, naming `where`, unless shapes agree, labels lie in [0, K), inputs are finite
// (the first bad sample is named) and class names are plain text.
void validate(const Dataset& data, const std::string& where);

// Throws InputError naming the first class without a sample.
void require_every_class(const Dataset& data, const std::string& where);

}  // namespace ncprune
