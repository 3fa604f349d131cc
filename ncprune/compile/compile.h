#pragma once

#include <string>

#include "ncprune/model/network.h"

namespace ncprune {

// How weights are stored in compiled networks.
enum class WeightType { kFloat, kHalf };

struct CompileOptions {
  std::string name = "network";  // of the C functions; other characters than letters become "_"
  int64_t batch = 1;             // samples per run, in [1, 65536]
  WeightType weights = WeightType::kFloat;
};

// A network as C11 source that needs only libm, and the header that declares its functions.
struct CompiledSource {
  std::string source;
  std::string header;
  int64_t constant_bytes;   // weights and tables
  int64_t workspace_bytes;  // that a run needs
};

// The beginning of the C functions' names: `name` with "_" for every character that C does not
// allow in an identifier.
std::string function_prefix(const std::string& name);

// The network with its input's mean and scale as first nodes, where its graph can have them: what
// compile() writes. It takes raw inputs in the shape and order of the file's input.
Network with_input_normalisation(Network network);

// Writes the network as C, without the units that do nothing (prune/shrink.h): convolutions and
// fully connected layers skip weights that are zero, with dense kernels where these are faster; see
// docs/compile.md. It is with_input_normalisation(network) that is written.
//
// Throws InputError, naming the node, on an operator or a shape that it does not know, and when
// workspace or constants exceed 1 GiB or 512 MiB.
CompiledSource compile(const Network& network, const CompileOptions& options);

}  // namespace ncprune
