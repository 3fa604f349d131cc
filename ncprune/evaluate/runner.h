#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ncprune/model/network.h"

namespace ncprune {

// Something that can run a network.
struct Runtime {
  std::string name;
  std::string summary;
  std::string (*problem)();  // why it cannot be used here; empty: it can
};

// ncprune:     the interpreter of the library, on LibTorch.
// onnxruntime: ONNX Runtime, on the file's bytes as write_onnx() writes them.
const std::vector<Runtime>& runtimes();

// The runtime to measure with where nobody asks for one: ONNX Runtime if it can be used.
std::string default_runtime();

// Maps inputs [N, ...], as the graph takes them, to the graph's output [N, K]; float.
using Runner = std::function<at::Tensor(const at::Tensor& inputs)>;

// Made ready once: both work with thread_count() threads. The runner of the interpreter
// reads `network`, which must outlive it. Throws InputError on an unknown runtime, one that cannot
// be used, and a network it refuses.
Runner make_runner(const Network& network, const std::string& runtime);

}  // namespace ncprune
