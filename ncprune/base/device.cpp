#include "ncprune/base/device.h"

#include <ATen/Context.h>
#include <fmt/format.h>

#include "ncprune/base/error.h"

namespace ncprune {
namespace {

at::Device& chosen() {
  static at::Device device(at::kCPU);
  return device;
}

}  // namespace

at::Device compute_device() {
  return chosen();
}

void use_device(const std::string& name) {
  if (name != "cpu" && name != "cuda") {
    throw InputError(fmt::format("device '{}'; wanted cpu or cuda", name));
  }
  if (name == "cuda" && !at::hasCUDA()) {
    throw InputError("device cuda: no CUDA device is visible, or LibTorch was built without CUDA");
  }
  use_device(name == "cuda" ? at::Device(at::kCUDA, 0) : at::Device(at::kCPU));
}

void use_device(at::Device device) {
  at::globalContext().setAllowTF32CuDNN(false);
  at::globalContext().setDeterministicCuDNN(true);
  chosen() = device;
}

std::string device_name() {
  return chosen().is_cuda() ? "cuda" : "cpu";
}

at::Tensor operand_on(at::Device device, const at::Tensor& tensor) {
  const bool stays =
      tensor.device() == device || at::isIntegralType(tensor.scalar_type(), /*includeBool=*/false);
  return stays ? tensor : tensor.to(device);
}

}  // namespace ncprune
