#pragma once

#include <onnx/onnx_pb.h>

#include "ncprune/model/network.h"

namespace ncprune {

// The file's metadata entries; those called ncprune.NAME are JSON. Throws InputError, naming the
// entry, when it is not what Metadata holds.
Metadata metadata_from(const onnx::ModelProto& model);

// Throws InputError when the metadata speak of other classes than the network has, or of more
// input values. An unknown number of classes (-1) fits any.
void require_consistent(const Network& network);

void add_metadata(onnx::ModelProto& model, const Metadata& metadata);

}  // namespace ncprune
