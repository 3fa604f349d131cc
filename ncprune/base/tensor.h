#pragma once

// The part of LibTorch that nearly every stage needs. <torch/torch.h> costs a translation unit 18
// s, this header 3 s. Include single functions from <ATen/ops/NAME.h>.
#include <ATen/TensorIndexing.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>

#include <cstdint>
#include <span>

namespace ncprune {

// A view of a contiguous tensor's elements. REQUIRES: `tensor` is contiguous, on the CPU, of type
// T, and outlives the view.
template <typename T>
std::span<T> elements(const at::Tensor& tensor) {
  TORCH_INTERNAL_ASSERT(tensor.is_contiguous() && tensor.device().is_cpu());
  return {tensor.data_ptr<T>(), static_cast<size_t>(tensor.numel())};
}

}  // namespace ncprune
