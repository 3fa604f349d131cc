#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "ncprune/base/error.h"
#include "ncprune/base/tensor.h"
#include "ncprune/onnx/tensors.h"

namespace ncprune {
namespace {

// A few bytes of a file must not ask for all the memory of the machine.
std::vector<int64_t> dense_shape(const onnx::SparseTensorProto& proto, const std::string& what,
                                 int64_t max_elements) {
  int64_t volume = 1;
  for (const int64_t dim : proto.dims()) {
    if (dim < 1 || __builtin_mul_overflow(volume, dim, &volume) || volume > max_elements) {
      throw InputError(fmt::format("{} is a sparse tensor with dimensions [{}]", what,
                                   fmt::join(proto.dims(), ", ")));
    }
  }
  return {proto.dims().begin(), proto.dims().end()};
}

// Places in the flattened tensor, from one number each or from one index of every axis, [n, rank].
std::vector<int64_t> places_of(const at::Tensor& indices, const std::vector<int64_t>& shape,
                               const std::string& what) {
  const auto rank = static_cast<int64_t>(shape.size());
  const bool by_axis = indices.dim() == 2;
  if (indices.scalar_type() != at::kLong || indices.dim() < 1 || indices.dim() > 2 ||
      (by_axis && indices.size(1) != rank)) {
    throw InputError(fmt::format("{} is a sparse tensor with indices of shape [{}]", what,
                                 fmt::join(indices.sizes(), ", ")));
  }
  const auto given = elements<int64_t>(indices);
  const std::vector<int64_t> whole{
      std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>())};
  const std::vector<int64_t>& sizes = by_axis ? shape : whole;
  std::vector<int64_t> places;
  for (size_t i = 0; i < given.size(); i += sizes.size()) {
    int64_t place = 0;
    for (size_t axis = 0; axis < sizes.size(); ++axis) {
      const int64_t index = given[i + axis];
      if (index < 0 || index >= sizes[axis]) {
        throw InputError(
            fmt::format("{} is a sparse tensor with index {} beyond its dimensions "
                        "[{}]",
                        what, index, fmt::join(shape, ", ")));
      }
      place = place * sizes[axis] + index;
    }
    if (!places.empty() && place <= places.back()) {
      throw InputError(fmt::format("{} is a sparse tensor whose indices do not ascend", what));
    }
    places.push_back(place);
  }
  return places;
}

}  // namespace

at::Tensor dense_from(const onnx::SparseTensorProto& proto, const std::string& what,
                      const std::string& folder, int64_t max_bytes) {
  const at::Tensor values = tensor_from(proto.values(), what, folder);
  const std::vector<int64_t> shape =
      dense_shape(proto, what, max_bytes / static_cast<int64_t>(values.element_size()));
  const at::Tensor indices = tensor_from(proto.indices(), what + ": its indices", folder);
  const std::vector<int64_t> places = places_of(indices, shape, what);
  if (values.dim() != 1 || values.numel() != static_cast<int64_t>(places.size())) {
    throw InputError(fmt::format("{} is a sparse tensor of {} values at {} places", what,
                                 values.numel(), places.size()));
  }
  at::Tensor dense = at::zeros(shape, values.scalar_type());
  if (!places.empty()) {
    dense.flatten().index_copy_(0, at::tensor(places, at::TensorOptions(at::kLong)), values);
  }
  return dense;
}

onnx::SparseTensorProto sparse_to(const at::Tensor& tensor, const std::string& name) {
  const at::Tensor flat = tensor.detach().to(at::kCPU).contiguous().flatten();
  const at::Tensor places = flat.ne(0).nonzero().flatten();
  onnx::SparseTensorProto proto;
  for (const int64_t size : tensor.sizes()) proto.add_dims(size);
  *proto.mutable_values() = tensor_to(flat.index_select(0, places), name);
  onnx::TensorProto& indices = *proto.mutable_indices();
  indices.set_data_type(onnx::TensorProto::INT64);
  indices.add_dims(places.numel());
  for (const int64_t place : elements<int64_t>(places)) indices.add_int64_data(place);
  return proto;
}

}  // namespace ncprune
