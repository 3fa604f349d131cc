#pragma once

#include <string>
#include <string_view>

#include "ncprune/model/network.h"

namespace ncprune {

// The only model file: ONNX in, ONNX out.

// Reads a classifier: opset 9 or newer, one float input [N, ...] that is not an initializer, scores
// [N, K] as its first output. Nodes that this output does not need are dropped. Constant nodes, and
// Identity nodes that only rename an initializer, become separate initializers. Weights keep every
// bit. External data are read only from the folder of the file.
//
// input.shape is as declared, with -1 for the batch and for every axis without a fixed size. When
// only the batch axis is free, the graph is run once on zeros to check that its shapes fit and to
// set output.shape; otherwise output.shape is as declared, -1 when unknown.
//
// Throws InputError, naming the file and the node or weight, for any other file, including
// malicious ones.
Network read_onnx(const std::string& path);

// Reads a network from `bytes`; `where` names them in messages. External data are read from
// `folder`, and rejected when it is empty.
Network parse_onnx(std::string_view bytes, const std::string& where,
                   const std::string& folder = "");

// The network as the bytes of an ONNX file, from which parse_onnx() restores it to the bit: IR 8,
// the network's opset, the batch axis called "N". The metadata are the entries ncprune.class_names,
// .class_counts, .minority, .input_mean, .input_scale, .input_layout ("nhwc") and .input_channels
// ("bgr"), each JSON, and `metadata.other` unchanged. Throws InputError beyond the 2 GiB limit of
// an ONNX file, and std::logic_error when ONNX's own checker rejects the network.
std::string onnx_bytes(const Network& network);

// The same with the class scores [N, K] as its only output, for another runtime.
std::string scores_onnx_bytes(const Network& network);

// Writes onnx_bytes() to `path`. Throws InputError when it cannot be written; an existing file of
// that name is then unchanged.
void write_onnx(const std::string& path, const Network& network);

}  // namespace ncprune
