#pragma once

#include <onnx/onnx_pb.h>

#include <string>

#include "ncprune/model/network.h"

namespace ncprune {

// The node under the operator set `opset`, for inference: Dropout and BatchNormalization keep only
// their first output and no training mode. Throws InputError, naming the node, when it has no input
// or output, does not fit ONNX's definition of a supported operator (counts of inputs and outputs,
// attributes), or has an attribute that Attribute cannot hold.
Node node_from(const onnx::NodeProto& proto, int64_t opset);

// The value of a Constant node. Throws InputError as above.
at::Tensor constant_from(const onnx::NodeProto& proto);

onnx::NodeProto node_to(const Node& node);

// IR version of the files that are written.
inline constexpr int64_t kIrVersion = 8;

// The newest operator set whose definitions are available.
int64_t known_opset();

}  // namespace ncprune
