#include "ncprune/evaluate/runner.h"

#include <memory>

#include "ncprune/base/error.h"
#include "ncprune/base/lookup.h"
#include "ncprune/base/runtime.h"
#include "ncprune/compile/shared_library.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/onnx/onnx.h"
#include "ncprune/runtime/onnx_runtime.h"

namespace ncprune {

const std::vector<Runtime>& runtimes() {
  static const std::vector<Runtime> table{
      {"ncprune", "the interpreter, on LibTorch", [] { return std::string(); }},
      {"onnxruntime", "ONNX Runtime, on the written file", onnx_runtime_problem},
      {"compiled", "C written by ncprune compile, on one thread", compiler_problem}};
  return table;
}

std::string default_runtime() {
  return onnx_runtime_problem().empty() ? "onnxruntime" : "ncprune";
}

Runner make_runner(const Network& network, const std::string& runtime) {
  const std::string problem = find_named(runtimes(), runtime, "runtime").problem();
  if (!problem.empty()) throw InputError(problem);
  if (runtime == "ncprune") {
    return [&network](const at::Tensor& inputs) {
      const at::NoGradGuard no_grad;
      return run(network, inputs, {network.output.name}).front().cpu();
    };
  }
  if (runtime == "compiled") {
    Network prepared = network;  // its inputs are normalised already
    prepared.metadata = {};
    const auto compiled = std::make_shared<CompiledNetwork>(prepared, CompileOptions{});
    return [compiled](const at::Tensor& inputs) { return compiled->run(inputs); };
  }
  const auto session =
      std::make_shared<OnnxRuntimeSession>(scores_onnx_bytes(network), thread_count());
  return [session, type = network.input.type](const at::Tensor& inputs) {
    return session->run({inputs.to(type)}).front().to(at::kFloat);
  };
}

}  // namespace ncprune
