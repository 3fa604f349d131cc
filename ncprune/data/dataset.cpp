#include "ncprune/data/dataset.h"

#include <ATen/ops/bincount.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/nonzero.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "ncprune/base/error.h"
#include "ncprune/base/runtime.h"
#include "ncprune/data/excerpt.h"
#include "ncprune/data/memory.h"
#include "ncprune/data/waiting.h"

namespace ncprune {

std::vector<int64_t> Dataset::sample_shape() const {
  return reader ? reader->sample_shape() : inputs.sizes().slice(1).vec();
}

std::vector<std::string> Dataset::score_names() const {
  return {class_names.begin(), class_names.begin() + num_scores()};
}

at::Tensor Dataset::inputs_at(int64_t begin, int64_t end) const {
  if (!reader) return inputs.slice(0, begin, end);
  const Waiting waiting;
  return reader->read(rows.slice(0, begin, end));
}

at::Tensor Dataset::inputs_of(const at::Tensor& indices) const {
  if (!reader) return inputs.index_select(0, indices);
  const Waiting waiting;
  return reader->read(rows.index_select(0, indices));
}

int64_t input_bytes(const Dataset& data) {
  int64_t bytes = data.size() * static_cast<int64_t>(sizeof(float));
  for (const int64_t size : data.sample_shape()) bytes *= size;
  return bytes;
}

bool fits_in_memory(const Dataset& data) {
  return input_bytes(data) <= memory_limit();
}

Dataset in_memory(Dataset data) {
  if (!data.reader) return data;
  if (!fits_in_memory(data)) {
    throw InputError(fmt::format(
        "{} samples of shape [{}] take {:.1f} GB, all needed at once; "
        "--memory allows {:.1f} GB",
        data.size(), fmt::join(data.sample_shape(), ", "),
        1e-9 * static_cast<double>(input_bytes(data)), 1e-9 * static_cast<double>(memory_limit())));
  }
  data.inputs = data.inputs_at(0, data.size());
  data.reader.reset();
  data.rows.reset();
  return data;
}

std::vector<int64_t> class_counts(const Dataset& data) {
  const at::Tensor counts = at::bincount(data.labels, {}, data.num_classes());
  const auto view = elements<int64_t>(counts);
  return {view.begin(), view.end()};
}

Dataset select(const Dataset& data, const at::Tensor& indices) {
  Dataset chosen = data;
  chosen.labels = data.labels.index_select(0, indices);
  if (data.label_sets.defined()) chosen.label_sets = data.label_sets.index_select(0, indices);
  if (data.reader) {
    chosen.rows = data.rows.index_select(0, indices);
  } else {
    chosen.inputs = data.inputs.index_select(0, indices);
  }
  return chosen;
}

at::Tensor class_indices(const Dataset& data, int64_t c) {
  return at::nonzero(data.labels == c).flatten();
}

void validate(const Dataset& data, const std::string& where) {
  const at::Tensor& samples = data.reader ? data.rows : data.inputs;
  if ((!data.reader && data.inputs.dim() < 2) || samples.size(0) != data.labels.numel()) {
    throw InputError(fmt::format("{}: inputs of {} samples, labels of {}", where,
                                 samples.dim() == 0 ? 0 : samples.size(0), data.labels.numel()));
  }
  if (data.size() == 0) throw InputError(fmt::format("{}: holds no samples", where));
  for (const std::string& name : data.class_names) {
    if (is_plain_text(name)) continue;
    throw InputError(fmt::format("{}: class '{}' is not named in UTF-8 without control characters",
                                 where, excerpt(name)));
  }
  const at::Tensor bad_label =
      at::nonzero(data.labels.lt(0).logical_or(data.labels.ge(data.num_classes()))).flatten();
  if (bad_label.numel() > 0) {
    const int64_t i = bad_label[0].item<int64_t>();
    throw InputError(fmt::format("{}: sample {} has label {}; wanted 0 to {}", where, i,
                                 data.labels[i].item<int64_t>(), data.num_classes() - 1));
  }
  if (data.reader) return;  // which gives finite numbers
  // In parts, because the intermediate results take as much memory as the inputs.
  constexpr int64_t kRows = 4096;
  for (int64_t begin = 0; begin < data.size(); begin += kRows) {
    const at::Tensor part = data.inputs.slice(0, begin, std::min(begin + kRows, data.size()));
    const at::Tensor finite = at::isfinite(part.flatten(1)).all(1);
    const at::Tensor bad_input = at::nonzero(finite.logical_not()).flatten();
    if (bad_input.numel() == 0) continue;
    throw InputError(fmt::format("{}: sample {} holds a value that is not a finite number", where,
                                 begin + bad_input[0].item<int64_t>()));
  }
}

void require_every_class(const Dataset& data, const std::string& where) {
  const std::vector<int64_t> counts = class_counts(data);
  for (size_t c = 0; c < static_cast<size_t>(data.num_scores()); ++c) {
    if (counts[c] > 0) continue;
    throw InputError(fmt::format("{}: class '{}' has no sample; every class needs at least one",
                                 where, data.class_names[c]));
  }
}

}  // namespace ncprune
