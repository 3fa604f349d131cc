#pragma once

#include <onnx/onnx_pb.h>

#include <string>

#include "ncprune/base/tensor.h"

namespace ncprune {

// A view of `text` fit for a one-line message: control characters replaced, long text cut.
std::string printable(const std::string& text);

// "FLOAT", "INT64", ... of an element type as ONNX numbers it.
std::string element_type_name(int32_t type);

// The tensor to the bit. `what` names it in messages ("weight 'fc1.weight'"); external data come
// from `folder`, and are refused when it is empty. Throws InputError on an element type that is not
// run, on dimensions that do not match the bytes, and on a path that leaves `folder`.
at::Tensor tensor_from(const onnx::TensorProto& proto, const std::string& what,
                       const std::string& folder);

// REQUIRES: a type that tensor_from reads.
onnx::TensorProto tensor_to(const at::Tensor& tensor, const std::string& name);

}  // namespace ncprune
