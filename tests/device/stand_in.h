#pragma once

#include <ATen/EmptyTensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/_copy_from_native.h>
#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/convolution.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/empty_strided.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/view_native.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>

#include <cstdlib>
#include <set>
#include <string>

// A device that this machine has: LibTorch's place for a device of somebody else ("PrivateUse1"),
// whose memory is main memory and whose every operation is done by the processor. Like CUDA it
// refuses operands that lie elsewhere, but for numbers of no axes in arithmetic, and lets nobody
// read its memory by elements(). For LibTorch 1.13: the interface of such devices changed with 2.0.
namespace ncprune::testing::stand_in {

inline const at::Device kDevice(at::DeviceType::PrivateUse1, 0);

struct Allocator final : c10::Allocator {
  static void release(void* memory) { std::free(memory); }
  c10::DataPtr allocate(size_t bytes) const override {
    void* memory = bytes == 0 ? nullptr : std::aligned_alloc(64, (bytes + 63) / 64 * 64);
    return {memory, memory, release, kDevice};
  }
  c10::DeleterFnPtr raw_deleter() const override { return release; }
};

struct Guard final : c10::impl::DeviceGuardImplInterface {
  static constexpr at::DeviceType static_type = at::DeviceType::PrivateUse1;
  at::DeviceType type() const override { return static_type; }
  at::Device exchangeDevice(at::Device) const override { return kDevice; }
  at::Device getDevice() const override { return kDevice; }
  void setDevice(at::Device) const override {}
  void uncheckedSetDevice(at::Device) const noexcept override {}
  c10::Stream getStream(at::Device) const noexcept override { return stream(); }
  c10::Stream exchangeStream(c10::Stream) const noexcept override { return stream(); }
  at::DeviceIndex deviceCount() const noexcept override { return 1; }

 private:
  static c10::Stream stream() { return c10::Stream(c10::Stream::DEFAULT, kDevice); }
};

// The memory as a tensor of main memory.
inline at::Tensor as_host(const at::Tensor& tensor) {
  if (!tensor.defined() || tensor.device().is_cpu()) return tensor;
  return at::from_blob(
      tensor.data_ptr(), tensor.sizes(), tensor.strides(), [](void*) {},
      tensor.options().device(at::kCPU), at::Device(at::kCPU));
}

inline at::Tensor as_own(const at::Tensor& tensor) {
  if (!tensor.defined()) return tensor;
  const at::Tensor own =
      at::empty_strided(tensor.sizes(), tensor.strides(), tensor.options().device(kDevice));
  as_host(own).copy_(tensor);
  return own;
}

// Gives `tensor` the memory and shape of `other`.
inline void become(const at::Tensor& tensor, const at::Tensor& other) {
  tensor.unsafeGetTensorImpl()->set_storage_keep_dtype(other.storage());
  tensor.unsafeGetTensorImpl()->set_sizes_and_strides(other.sizes(), other.strides());
}

// As an operand of `op`.
inline at::Tensor operand(const c10::OperatorHandle& op, const at::Tensor& tensor) {
  static const std::set<std::string> with_numbers{"aten::add", "aten::div",   "aten::eq",
                                                  "aten::mul", "aten::pow",   "aten::sub",
                                                  "aten::lt",  "aten::where", "aten::remainder"};
  if (!tensor.defined()) return tensor;
  const bool number = tensor.dim() == 0 && with_numbers.contains(op.schema().name());
  const bool here = number || tensor.device() == kDevice;
  TORCH_CHECK(here, op.schema().name(), ": an operand lies in main memory, not on the device");
  return as_host(tensor);
}

inline at::Tensor empty(at::IntArrayRef size, c10::optional<at::ScalarType> type,
                        c10::optional<at::Layout>, c10::optional<at::Device>, c10::optional<bool>,
                        c10::optional<at::MemoryFormat> format) {
  static Allocator allocator;
  return at::detail::empty_generic(size, &allocator,
                                   c10::DispatchKeySet(c10::DispatchKey::PrivateUse1),
                                   type.value_or(at::kFloat), format);
}

inline at::Tensor empty_strided(at::IntArrayRef size, at::IntArrayRef stride,
                                c10::optional<at::ScalarType> type, c10::optional<at::Layout>,
                                c10::optional<at::Device>, c10::optional<bool>) {
  static Allocator allocator;
  return at::detail::empty_strided_generic(size, stride, &allocator,
                                           c10::DispatchKeySet(c10::DispatchKey::PrivateUse1),
                                           type.value_or(at::kFloat));
}

inline at::Tensor copy_from(const at::Tensor& from, const at::Tensor& to, bool) {
  as_host(to).copy_(as_host(from));
  return to;
}

inline at::Tensor convolution(const at::Tensor& x, const at::Tensor& weight,
                              const c10::optional<at::Tensor>& bias, at::IntArrayRef stride,
                              at::IntArrayRef padding, at::IntArrayRef dilation, bool transposed,
                              at::IntArrayRef output_padding, int64_t groups) {
  TORCH_CHECK(x.device() == kDevice && weight.device() == kDevice);
  return as_own(at::convolution(as_host(x), as_host(weight), bias ? as_host(*bias) : at::Tensor(),
                                stride, padding, dilation, transposed, output_padding, groups));
}

inline std::tuple<at::Tensor, at::Tensor, at::Tensor> convolution_backward(
    const at::Tensor& gradient, const at::Tensor& x, const at::Tensor& weight,
    at::IntArrayRef stride, at::IntArrayRef padding, at::IntArrayRef dilation, bool transposed,
    at::IntArrayRef output_padding, int64_t groups, std::array<bool, 3> wanted) {
  const auto [by_x, by_weight, by_bias] = at::convolution_backward(
      as_host(gradient), as_host(x), as_host(weight), at::IntArrayRef({weight.size(0)}), stride,
      padding, dilation, transposed, output_padding, groups, wanted);
  return {as_own(by_x), as_own(by_weight), as_own(by_bias)};
}

// Every other operation: by the processor, on the same memory.
inline void by_processor(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  const auto& arguments = op.schema().arguments();
  const size_t begin = stack->size() - arguments.size();
  const std::vector<c10::IValue> given(stack->begin() + static_cast<std::ptrdiff_t>(begin),
                                       stack->end());
  for (size_t i = 0; i < arguments.size(); ++i) {
    c10::IValue& value = (*stack)[begin + i];
    const bool written =
        arguments[i].alias_info() != nullptr && arguments[i].alias_info()->isWrite();
    if (value.isTensor()) {
      const at::Tensor tensor = operand(op, value.toTensor());
      // What an operation is to give its size is made by it, and copied below.
      value = written && tensor.numel() == 0 ? at::empty({0}, tensor.options()) : tensor;
    } else if (value.isTensorList()) {
      c10::List<at::Tensor> all;
      for (const at::Tensor& tensor : value.toTensorVector()) all.push_back(operand(op, tensor));
      value = all;
    } else if (value.isOptionalTensorList()) {
      c10::List<c10::optional<at::Tensor>> all;
      for (const c10::optional<at::Tensor>& tensor : value.toOptionalTensorList().vec()) {
        all.push_back(tensor ? c10::optional<at::Tensor>(operand(op, *tensor)) : tensor);
      }
      value = all;
    } else if (value.isDevice()) {
      value = at::Device(at::kCPU);
    }
    TORCH_CHECK(!value.isGenerator(), op.schema().name(), ": main memory's generator");
  }
  // LibTorch returns several outputs as references into the stack, after it dropped the operands
  // from there: they must live on.
  const std::vector<c10::IValue> operands(stack->begin() + static_cast<std::ptrdiff_t>(begin),
                                          stack->end());
  op.callBoxed(stack);
  const auto& returns = op.schema().returns();
  const size_t first = stack->size() - returns.size();
  for (size_t r = 0; r < returns.size(); ++r) {
    c10::IValue& value = (*stack)[first + r];
    if (returns[r].alias_info() == nullptr) {
      if (value.isTensor()) value = as_own(value.toTensor());
      if (value.isTensorList()) {
        c10::List<at::Tensor> all;
        for (const at::Tensor& tensor : value.toTensorVector()) all.push_back(as_own(tensor));
        value = all;
      }
      continue;
    }
    for (size_t i = 0; i < arguments.size(); ++i) {
      const auto* alias = arguments[i].alias_info();
      if (alias == nullptr || *alias != *returns[r].alias_info()) continue;
      const at::Tensor own = given[i].toTensor();
      const at::Tensor made = value.toTensor();
      if (own.sizes() != made.sizes()) become(own, as_own(made));
      value = own;
      break;
    }
  }
}

C10_REGISTER_GUARD_IMPL(PrivateUse1, Guard);

TORCH_LIBRARY_IMPL(_, PrivateUse1, m) {
  m.fallback(torch::CppFunction::makeFromBoxedFunction<&by_processor>());
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  m.impl("empty.memory_format", &empty);
  m.impl("empty_strided", &empty_strided);
  m.impl("_copy_from", &copy_from);
  m.impl("as_strided", &at::native::as_strided_tensorimpl);
  m.impl("view", &at::native::view);
  m.impl("_reshape_alias", &at::native::_reshape_alias);
  m.impl("convolution_overrideable", &convolution);
  m.impl("convolution_backward_overrideable", &convolution_backward);
}

}  // namespace ncprune::testing::stand_in
