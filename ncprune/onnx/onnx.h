#pragma once

#include <string>
#include <string_view>

#include "ncprune/model/network.h"

namespace ncprune {

// The only model file: ONNX in, ONNX out.

// Reads a classifier: opset 9 or newer, one float input [N, ...] that is not an initializer, scores
// [N, K] as its first output. What that output does not need is left out. Constant nodes, and
// Identity nodes that only rename an initializer, become initializers of their own. Weights keep
// every bit. Weights beside the file (external data) are read from the file's own folder only.
//
// input.shape is as declared, with -1 for the batch and for every axis of no fixed size. When only
// the batch is free, the graph is run once on zeros: that it fits together is known from then on,
// and so is output.shape; else output.shape is as declared, -1 when unknown.
//
// Throws InputError, naming the file and the node or weight, for everything that is not such a
// network; a file made to do harm is no exception.
Network read_onnx(const std::string& path);

// The same from `bytes`; `where` names them in messages. External data are read from `folder`, and
// refused when it is empty.
Network parse_onnx(std::string_view bytes, const std::string& where,
                   const std::string& folder = "");

// The network as the bytes of an ONNX file, which parse_onnx gives back to the bit: IR 8, the
// network's opset, the batch axis called "N". The metadata are the entries ncprune.class_names,
// .class_counts, .minority, .input_mean and .input_scale, each JSON, beside `metadata.other` as it
// is. Throws InputError beyond the 2 GiB that one ONNX file can hold, and std::logic_error when
// ONNX's own checker refuses the network.
std::string onnx_bytes(const Network& network);

// Writes onnx_bytes() to `path`. Throws InputError when it cannot be written, and leaves an older
// file of that name as it was.
void write_onnx(const std::string& path, const Network& network);

}  // namespace ncprune
