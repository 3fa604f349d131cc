#pragma once

#include <onnx/onnx_pb.h>

#include "ncprune/model/network.h"

namespace ncprune {

// Reads the file's metadata entries; those called ncprune.NAME are JSON. Throws InputError, naming
// the entry, when its content does not fit Metadata.
Metadata metadata_from(const onnx::ModelProto& model);

// Throws InputError when the metadata have another number of classes or of input values than the
// network. An unknown number of classes (-1) fits any.
void require_consistent(const Network& network);

void add_metadata(onnx::ModelProto& model, const Metadata& metadata);

}  // namespace ncprune
