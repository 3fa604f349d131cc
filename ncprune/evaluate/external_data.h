#pragma once

#include <onnx/onnx_pb.h>

#include <string>

namespace ncprune {

// Whether any tensor of the model, in subgraphs too, is stored outside its file. Throws InputError,
// naming the place, when such data are not a regular file inside `folder`, links resolved: a model
// must not read arbitrary files.
bool has_external_data(const onnx::ModelProto& model, const std::string& folder);

}  // namespace ncprune
