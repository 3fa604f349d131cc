#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "ncprune/model/network.h"

namespace ncprune {

// A network holds its nodes in the form of operator set 17, or of its own set if that is newer: one
// form for the interpreter, for pruning and for written files. Nodes of older sets are converted
// when a file is read. (Newer sets moved the axes of reductions from an attribute to an input;
// axes_of() reads both.)
inline constexpr int64_t kHeldOpset = 17;

struct Upgraded {
  std::vector<Node> nodes;                         // replacement of the node, in order
  std::map<std::string, at::Tensor> initializers;  // inputs that were attributes
};

// The operator's current name: Upsample became Resize.
std::string current_name(const std::string& op_type, int64_t opset);

// Converts `node` from `opset` to the held form. `fresh` turns a wanted name into one that the
// graph does not have.
Upgraded upgrade(Node node, int64_t opset,
                 const std::function<std::string(const std::string& wanted)>& fresh);

}  // namespace ncprune
