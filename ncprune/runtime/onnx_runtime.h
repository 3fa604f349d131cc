#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ncprune/base/tensor.h"

namespace ncprune {

// ONNX Runtime through its C interface. Nothing links against it: the library is loaded when it is
// first asked for, from the file that $NCPRUNE_ONNXRUNTIME names, else where the build found it,
// else by the system's loader as libonnxruntime.so.1.

// Empty when ONNX Runtime can be used; else one line on what was looked for and what to do.
std::string onnx_runtime_problem();

// As in "1.30.0". REQUIRES: onnx_runtime_problem() is empty.
std::string onnx_runtime_version();

// A model made ready to run, with all graph optimizations ONNX Runtime has.
class OnnxRuntimeSession {
 public:
  // `model`: the bytes of an ONNX file without external data. `threads` >= 1 work on one operator.
  // Throws InputError when ONNX Runtime is missing or refuses the model, with its reason.
  OnnxRuntimeSession(std::string_view model, int threads);
  ~OnnxRuntimeSession();
  OnnxRuntimeSession(OnnxRuntimeSession&&) noexcept;
  OnnxRuntimeSession& operator=(OnnxRuntimeSession&&) noexcept;

  // All outputs for `inputs` in the model's order: dense tensors on the CPU of the types in
  // kElementTypes. Throws InputError when ONNX Runtime refuses them, or gives no dense tensor.
  std::vector<at::Tensor> run(const std::vector<at::Tensor>& inputs) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ncprune
