#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ncprune/base/tensor.h"

namespace ncprune {

// ONNX Runtime through its C interface. Nothing links against it: the library is loaded on first
// use, from the file that $NCPRUNE_ONNXRUNTIME names, or where the build found it, or by the
// system's loader as libonnxruntime.so.1.

// Empty when ONNX Runtime can be used; otherwise one line on what was searched and what to do.
std::string onnx_runtime_problem();

// The version, such as "1.30.0". REQUIRES: onnx_runtime_problem() is empty.
std::string onnx_runtime_version();

// A model that is ready to run, with all graph optimizations of ONNX Runtime.
class OnnxRuntimeSession {
 public:
  // `model`: the bytes of an ONNX file without external data. `threads` >= 1: threads per operator.
  // Throws InputError, with the reason, when ONNX Runtime is missing or rejects the model.
  OnnxRuntimeSession(std::string_view model, int threads);
  ~OnnxRuntimeSession();
  OnnxRuntimeSession(OnnxRuntimeSession&&) noexcept;
  OnnxRuntimeSession& operator=(OnnxRuntimeSession&&) noexcept;

  // All outputs for `inputs`, in the model's order: dense tensors on the CPU of the types in
  // kElementTypes. Throws InputError when ONNX Runtime rejects the inputs or returns no dense
  // tensor.
  std::vector<at::Tensor> run(const std::vector<at::Tensor>& inputs) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ncprune
