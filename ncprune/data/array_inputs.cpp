#include "ncprune/data/array_inputs.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/nonzero.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "ncprune/base/error.h"

namespace ncprune {
namespace {

bool holds_images(const NpyArray& array) {
  return array.dtype == "u1" && (array.shape.size() == 3 || array.shape.size() == 4);
}

// [N, height, width] and [N, height, width, channels] as [N, channels, height, width]. If both the
// second and the last size could be channels, the second is.
at::Tensor channels_first(const at::Tensor& images) {
  if (images.dim() == 3) return images.unsqueeze(1);
  const auto may_be_channels = [](int64_t size) { return size == 1 || size == 3; };
  if (may_be_channels(images.size(1)) || !may_be_channels(images.size(3))) return images;
  return images.permute({0, 3, 1, 2}).contiguous();
}

// The elements of an array as inputs; they change.
at::Tensor as_inputs(at::Tensor elements, bool images) {
  return images ? channels_first(elements.div_(255)) : elements;
}

// Reads the samples of an array that stays in its file.
class ArrayReader : public InputReader {
 public:
  explicit ArrayReader(NpyArray array)
      : array_(std::move(array)), sample_bytes_(static_cast<uint64_t>(array_.dtype[1] - '0')) {
    for (size_t k = 1; k < array_.shape.size(); ++k) {
      sample_bytes_ *= static_cast<uint64_t>(array_.shape[k]);
    }
    shape_ =
        as_inputs(at::empty(shape_of(0), at::kFloat), holds_images(array_)).sizes().slice(1).vec();
  }

  std::vector<int64_t> sample_shape() const override { return shape_; }

  at::Tensor read(const at::Tensor& rows) const override {
    const at::Tensor own = rows.contiguous();
    const auto places = elements<int64_t>(own);
    const at::Tensor raw = at::empty(shape_of(own.numel()), at::kFloat);
    auto* out = raw.data_ptr<float>();
    for (size_t first = 0; first < places.size();) {
      size_t end = first + 1;  // of rows that follow each other, which are read together
      while (end < places.size() && places[end] == places[end - 1] + 1) ++end;
      const uint64_t offset = static_cast<uint64_t>(places[first]) * sample_bytes_;
      const uint64_t bytes = (end - first) * sample_bytes_;
      first = end;
      if (array_.dtype == "f4") {
        array_.stored->read_into(reinterpret_cast<char*>(out), offset, bytes);
        out += bytes / sizeof(float);
        continue;
      }
      const NpyArray part{array_.dtype, {}, array_.stored->read(offset, bytes)};
      const std::vector<float> values = to_floats(part);
      out = std::copy(values.begin(), values.end(), out);
    }
    require_finite(raw, own);
    return as_inputs(raw, holds_images(array_));
  }

 private:
  std::vector<int64_t> shape_of(int64_t samples) const {
    std::vector<int64_t> shape = array_.shape;
    shape.front() = samples;
    return shape;
  }

  void require_finite(const at::Tensor& raw, const at::Tensor& rows) const {
    const at::Tensor finite = at::isfinite(raw.flatten(1)).all(1);
    const at::Tensor bad = at::nonzero(finite.logical_not()).flatten();
    if (bad.numel() == 0) return;
    throw InputError(fmt::format("{}: sample {} holds a value that is not a finite number",
                                 array_.stored->where(),
                                 rows[bad[0].item<int64_t>()].item<int64_t>()));
  }

  NpyArray array_;
  uint64_t sample_bytes_;
  std::vector<int64_t> shape_;
};

}  // namespace

Dataset with_array_inputs(Dataset data, const NpyArray& array) {
  const bool images = holds_images(array);
  if (images) data.range = std::pair{0.0, 1.0};
  if (array.stored) {
    data.reader = std::make_shared<const ArrayReader>(array);
    data.rows = at::arange(array.shape.front());
    return data;
  }
  std::vector<float> values = to_floats(array);
  data.inputs = as_inputs(at::from_blob(values.data(), array.shape, at::kFloat).clone(), images);
  return data;
}

}  // namespace ncprune
