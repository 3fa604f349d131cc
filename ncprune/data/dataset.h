#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ncprune/base/tensor.h"
#include "ncprune/data/table_encoding.h"
#include "ncprune/data/targets.h"

namespace ncprune {

// Reads inputs when they are needed. Several threads may call it.
class InputReader {
 public:
  InputReader() = default;
  InputReader(const InputReader&) = delete;
  InputReader& operator=(const InputReader&) = delete;
  virtual ~InputReader() = default;

  // The shape of one sample, without N.
  virtual std::vector<int64_t> sample_shape() const = 0;

  // The inputs at `rows`, int64 [M]; float [M, ...], always the same. Throws InputError, naming the
  // sample, when one cannot be read.
  virtual at::Tensor read(const at::Tensor& rows) const = 0;
};

// Labelled samples. INVARIANT (see validate()): every label lies in [0, K), and every input is
// finite. The inputs are in memory, or a reader has them: inputs_at() and inputs_of() give both.
struct Dataset {
  // Float [N, ...]; an image is [channels, height, width]. Undefined if a reader has them.
  at::Tensor inputs;
  at::Tensor labels;                     // int64 [N], in [0, K)
  std::vector<std::string> class_names;  // K of them
  // The interval that contains every input: {0, 1} for images, none for tables. Noise is clipped to
  // it.
  std::optional<std::pair<double, double>> range;
  // The names of the d inputs of a table; empty for other data.
  std::vector<std::string> feature_names = {};
  std::shared_ptr<const InputReader> reader = {};
  at::Tensor rows = {};        // int64 [N], for the reader
  at::Tensor label_sets = {};  // bool [N, L] of multi-label data (targets.h), otherwise undefined

  int64_t size() const { return labels.size(0); }
  int64_t num_classes() const { return static_cast<int64_t>(class_names.size()); }
  // The scores that a network has for the data: one of each class, or of each label.
  int64_t num_scores() const { return label_sets.defined() ? label_sets.size(1) : num_classes(); }
  std::vector<std::string> score_names() const;  // of the classes or labels that have a score
  Targets targets() const { return {labels, label_sets, num_scores() < num_classes()}; }
  // Shape of one sample, without N.
  std::vector<int64_t> sample_shape() const;
  // The inputs of the samples [begin, end), or of those at `indices`, int64 [M]. Throws InputError
  // as InputReader::read().
  at::Tensor inputs_at(int64_t begin, int64_t end) const;
  at::Tensor inputs_of(const at::Tensor& indices) const;
};

// The result of a data source: the samples to learn from (training, validation, calibration) and
// the samples that are used only to measure.
struct TrainTest {
  Dataset train;
  Dataset test;
  std::optional<TableEncoding> table = {};  // how the columns became inputs, for tables
};

// The data with all inputs in memory, for what needs them at once. Throws InputError as
// InputReader::read(), and when they would take more than memory_limit() (runtime.h).
Dataset in_memory(Dataset data);

// Samples per class, K of them.
std::vector<int64_t> class_counts(const Dataset& data);

// The samples at `indices` (int64 [M]), in that order.
Dataset select(const Dataset& data, const at::Tensor& indices);

// Indices of the samples of class `c`, ascending; int64 [n_c].
at::Tensor class_indices(const Dataset& data, int64_t c);

// Throws InputError, naming `where`, unless shapes agree, labels lie in [0, K), inputs are finite
// (the first bad sample is named) and class names are plain text.
void validate(const Dataset& data, const std::string& where);

// Throws InputError naming the first class without a sample; "no label" may have none.
void require_every_class(const Dataset& data, const std::string& where);

}  // namespace ncprune
