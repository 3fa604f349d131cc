#pragma once

#include <cstdint>
#include <memory>
#include <optional>
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

// The file that it was loaded from; empty when it cannot be used.
std::string onnx_runtime_file();

// The files and names that were tried for it, in this order.
std::vector<std::string> onnx_runtime_places();

// An input or output of a model. A tensor of an element type outside kElementTypes has no type; for
// anything else (a sequence, a map) the shape is empty, too. An axis without fixed size is -1.
struct SessionValue {
  std::string name;
  std::optional<at::ScalarType> type;
  std::vector<int64_t> shape;
};

// A model that is ready to run, with all graph optimizations of ONNX Runtime.
class OnnxRuntimeSession {
 public:
  // `model`: the bytes of an ONNX file without external data. `threads` >= 1: threads per operator.
  // Throws InputError, with the reason, when ONNX Runtime is missing or rejects the model.
  OnnxRuntimeSession(std::string_view model, int threads);
  // The ONNX file `path` with its external data, which ONNX Runtime reads from the file's folder.
  // Throws InputError in the same way.
  static OnnxRuntimeSession from_file(const std::string& path, int threads);
  ~OnnxRuntimeSession();
  OnnxRuntimeSession(OnnxRuntimeSession&&) noexcept;
  OnnxRuntimeSession& operator=(OnnxRuntimeSession&&) noexcept;

  // All outputs for `inputs`, in the model's order: dense tensors on the CPU of the types in
  // kElementTypes. Throws InputError when ONNX Runtime rejects the inputs or returns no dense
  // tensor.
  std::vector<at::Tensor> run(const std::vector<at::Tensor>& inputs) const;

  // Only the output at index `output`; the others are not computed. REQUIRES: output < number of
  // outputs.
  at::Tensor run(const std::vector<at::Tensor>& inputs, size_t output) const;

  // The inputs that have no default value, and all outputs, in the model's order.
  const std::vector<SessionValue>& inputs() const;
  const std::vector<SessionValue>& outputs() const;

 private:
  OnnxRuntimeSession();
  std::vector<at::Tensor> run(const std::vector<at::Tensor>& inputs,
                              const std::vector<const char*>& output_names) const;

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ncprune
