#pragma once

#include <ATen/ops/arange.h>

#include <memory>
#include <utility>
#include <vector>

#include "ncprune/data/dataset.h"

namespace ncprune {

// Gives the rows of a tensor.
class TensorReader : public InputReader {
 public:
  explicit TensorReader(at::Tensor inputs) : inputs_(std::move(inputs)) {}
  std::vector<int64_t> sample_shape() const override { return inputs_.sizes().slice(1).vec(); }
  at::Tensor read(const at::Tensor& rows) const override { return inputs_.index_select(0, rows); }

 private:
  at::Tensor inputs_;
};

// Data in memory as data that are read when they are needed.
inline Dataset streamed(Dataset data) {
  data.reader = std::make_shared<const TensorReader>(data.inputs);
  data.rows = at::arange(data.size());
  data.inputs.reset();
  return data;
}

}  // namespace ncprune
