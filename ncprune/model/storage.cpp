#include "ncprune/model/storage.h"

#include <ATen/ops/full_like.h>
#include <ATen/ops/isinf.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/round.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <utility>

#include "ncprune/base/error.h"

namespace ncprune {
namespace {

struct Range {
  double low;
  double high;
};

Range range_of(at::ScalarType type) {
  switch (type) {
    case at::kByte:
      return {0, 255};
    case at::kChar:
      return {-128, 127};
    case at::kShort:
      return {-32768, 32767};
    default:
      return {-2147483648.0, 2147483647.0};
  }
}

// `of_axis` ([] or [size of the axis]) in a shape that broadcasts with `weight`.
at::Tensor along(const at::Tensor& weight, const Storage& storage, const at::Tensor& of_axis) {
  if (of_axis.dim() == 0 || of_axis.numel() == 1) return of_axis.reshape({});
  std::vector<int64_t> shape(static_cast<size_t>(weight.dim()), 1);
  shape.at(static_cast<size_t>(storage.axis)) = -1;
  return of_axis.reshape(shape);
}

at::Tensor zero_of(const Storage& storage) {
  return storage.zero_point.defined() ? storage.zero_point.to(at::kFloat)
                                      : at::zeros({}, at::kFloat);
}

// The largest magnitude along every axis but that of the scales, in their shape.
at::Tensor largest(const at::Tensor& values, const Storage& storage, const at::Tensor& scale) {
  if (scale.numel() == 1 || values.numel() == 0) {
    return values.numel() == 0 ? at::zeros_like(scale) : values.amax().reshape(scale.sizes());
  }
  return values.transpose(0, storage.axis).flatten(1).amax(1);
}

// Scales and zero points for another number of indices of the axis.
Storage found_anew(const at::Tensor& weight, Storage storage) {
  const Range range = range_of(storage.type);
  const int64_t size = weight.size(storage.axis);
  if (storage.zero_point.defined()) {
    const at::Tensor middle = storage.zero_point.flatten().slice(0, 0, 1);
    storage.zero_point = middle.expand({size}).contiguous();
  }
  storage.scale = at::zeros({size}, at::kFloat);
  const at::Tensor zero = zero_of(storage);
  const at::Tensor room = at::minimum(range.high - zero, zero - range.low).clamp_min(1);
  storage.scale = (largest(weight.abs(), storage, storage.scale) / room).clamp_min(1e-12);
  return storage;
}

// Larger scales where a weight does not fit.
Storage fitted(const at::Tensor& weight, Storage storage) {
  const bool by_axis = storage.scale.numel() > 1;
  if (by_axis && storage.scale.numel() != weight.size(storage.axis)) {
    storage = found_anew(weight, storage);
  }
  const Range range = range_of(storage.type);
  const at::Tensor zero = zero_of(storage).expand(storage.scale.sizes());
  const at::Tensor above = largest(weight, storage, storage.scale) / (range.high - zero);
  const at::Tensor below = largest(-weight, storage, storage.scale) / (zero - range.low);
  storage.scale =
      at::maximum(storage.scale, at::maximum(above.nan_to_num(0, 0, 0), below.nan_to_num(0, 0, 0)));
  return storage;
}

}  // namespace

StoredWeight stored_weight(const at::Tensor& weight, const Storage& storage,
                           const std::string& name) {
  if (storage.scale.defined()) {
    const Storage own = fitted(weight, storage);
    const Range range = range_of(own.type);
    const at::Tensor steps = weight / along(weight, own, own.scale);
    const at::Tensor places = at::round(steps) + along(weight, own, zero_of(own));
    return {places.clamp(range.low, range.high).to(own.type), own};
  }
  const at::Tensor values = weight.to(storage.type);
  if (at::isinf(values).any().item<bool>() && !at::isinf(weight).any().item<bool>()) {
    throw InputError(fmt::format("weight '{}' has a value of {:g}, too large for the file's {}",
                                 name, weight.abs().max().item<double>(), toString(storage.type)));
  }
  return {values, storage};
}

at::Tensor read_weight(const StoredWeight& stored) {
  at::Tensor values = stored.values.to(at::kFloat);
  const Storage& storage = stored.storage;
  if (!storage.scale.defined()) return values;
  return (values - along(values, storage, zero_of(storage))) *
         along(values, storage, storage.scale);
}

Network as_stored(Network network) {
  for (auto& [name, storage] : network.storage) {
    const auto found = network.initializers.find(name);
    const bool exact = storage.type == at::kFloat || storage.type == at::kDouble;
    if (found == network.initializers.end() || exact) continue;
    at::Tensor& weight = found->second;
    const StoredWeight stored = stored_weight(weight.detach().to(at::kCPU), storage, name);
    storage = stored.storage;
    weight = read_weight(stored).to(weight.device());
  }
  return network;
}

}  // namespace ncprune
