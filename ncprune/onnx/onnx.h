#pragma once

#include <string>
#include <string_view>

#include "ncprune/model/network.h"

namespace ncprune {

// The only model file: ONNX in, ONNX out.

// Reads a classifier of opset 7 or newer, in any form that interface.h, scores.h, element_type.h,
// several_inputs.h and fixed_batch.h describe; the network has one input [N, ...] and the scores
// [N, K]. Nodes that the scores do not need are dropped. Constant nodes, and Identity nodes that
// only rename an initializer, become separate initializers. FLOAT, FLOAT16 and BFLOAT16 weights
// keep every bit; DOUBLE is rounded to float. External data are read only from the folder of the
// file. Sparse tensors are read with their zeros, which may take 64 MiB, or 1000 times the bytes
// stored up to 2 GiB; `sparse` then says that the file has them.
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

// The network as the bytes of an ONNX file in the form of the file that it was read from. Weights
// that the file stores in fewer bits are rounded (as_stored()); all else parse_onnx() restores to
// the bit. IR 8, the network's opset, the batch axis called "N". The metadata are the entries
// ncprune.class_names, .class_counts, .minority, .input_mean, .input_scale, .input_layout ("nhwc")
// and .input_channels ("bgr"), each JSON, and `metadata.other` unchanged; normalisation.h says when
// mean and scale become the first nodes instead. Throws InputError beyond the 2 GiB limit of an
// ONNX file and, naming a weight, when one is too large for the type that the file stores; throws
// std::logic_error when ONNX's own checker rejects the network. If `network.sparse`, every weight
// matrix or kernel that takes fewer bytes as a sparse tensor becomes one (a -0 in it becomes 0).
std::string onnx_bytes(const Network& network);

// The same with one input and the class scores [N, K] as its only output, for another runtime. It
// takes inputs as prepare_inputs() gives them: normalised.
std::string scores_onnx_bytes(const Network& network);

// Writes onnx_bytes() to `path`. Throws InputError when it cannot be written; an existing file of
// that name is then unchanged.
void write_onnx(const std::string& path, const Network& network);

}  // namespace ncprune
