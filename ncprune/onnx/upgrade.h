#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "ncprune/model/network.h"

namespace ncprune {

// A network holds its nodes as operator set 17 writes them, or as its own set does if that is
// newer: one form for the interpreter, for pruning and for the file that is written. What older
// sets say differently is said anew when a file is read. (Newer sets moved the axes of reductions
// from an attribute to an input; axes_of() reads both.)
inline constexpr int64_t kHeldOpset = 17;

struct Upgraded {
  std::vector<Node> nodes;                         // what stands in the node's place, in order
  std::map<std::string, at::Tensor> initializers;  // inputs that were attributes
};

// The operator's name today: Upsample has become Resize.
std::string current_name(const std::string& op_type, int64_t opset);

// `node` as `opset` writes it, in the form that is held. `fresh` makes a wanted name one that the
// graph does not have.
Upgraded upgrade(Node node, int64_t opset,
                 const std::function<std::string(const std::string& wanted)>& fresh);

}  // namespace ncprune
