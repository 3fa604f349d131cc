#pragma once

#include <onnx/onnx_pb.h>

namespace ncprune {

// Replaces every call of a local function by the function's nodes, as PyTorch 2's exporter writes
// layers. The values inside a function get names that begin with that of the call. Throws
// InputError, naming the function, when functions call each other in a circle, when a call does not
// fit its function, when the result has more than 2^20 nodes, or when a function needs another
// version of an operator than the model imports.
void inline_functions(onnx::ModelProto& model);

}  // namespace ncprune
