#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ncprune/model/network.h"

namespace ncprune {

// A way to run networks.
struct Runtime {
  std::string name;
  std::string summary;
  std::string (*problem)();  // why it cannot be used; empty if it can
};

// ncprune:     the interpreter of the library, on LibTorch.
// onnxruntime: ONNX Runtime, on the file's bytes as write_onnx() writes them.
// compiled:    C source of compile(), built by the system's C compiler; on one thread, sample by
//              sample.
const std::vector<Runtime>& runtimes();

// The runtime for measurements by default: ONNX Runtime if it can be used.
std::string default_runtime();

// Maps inputs [N, ...] of the graph to its output [N, K]; float.
using Runner = std::function<at::Tensor(const at::Tensor& inputs)>;

// Prepares a network for many runs with thread_count() threads. The interpreter's runner reads
// `network`, which must outlive it. Throws InputError on an unknown runtime, one that cannot be
// used, and a network that it rejects.
Runner make_runner(const Network& network, const std::string& runtime);

}  // namespace ncprune
