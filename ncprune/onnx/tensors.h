#pragma once

#include <onnx/onnx_pb.h>

#include <string>

#include "ncprune/base/tensor.h"

namespace ncprune {

// `text` made safe for a one-line message: control characters replaced, long text cut.
std::string printable(const std::string& text);

// The name of an element type by its ONNX number: "FLOAT", "INT64", ...
std::string element_type_name(int32_t type);

// The tensor, exact to the bit. `what` names it in messages ("weight 'fc1.weight'"); external data
// come from `folder`, and are rejected when it is empty. Throws InputError on an unsupported
// element type, on dimensions that do not match the bytes, and on a path that leaves `folder`.
at::Tensor tensor_from(const onnx::TensorProto& proto, const std::string& what,
                       const std::string& folder);

// A sparse tensor with all its zeros, which may take `max_bytes`. Throws InputError as above, when
// its places are not ascending or lie outside the tensor, and when it is larger.
at::Tensor dense_from(const onnx::SparseTensorProto& proto, const std::string& what,
                      const std::string& folder, int64_t max_bytes);

// REQUIRES: an element type that tensor_from() supports.
onnx::TensorProto tensor_to(const at::Tensor& tensor, const std::string& name);

// The tensor without its zeros, exact to the bit except that a -0, which masks leave behind,
// becomes 0. The places, in the flattened tensor, are protobuf's packed integers of 1 to 4 bytes.
// REQUIRES: as above, and a dimension.
onnx::SparseTensorProto sparse_to(const at::Tensor& tensor, const std::string& name);

}  // namespace ncprune
