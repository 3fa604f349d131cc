#pragma once

#include <map>
#include <memory>
#include <string>

#include "ncprune/model/operators.h"

namespace ncprune {

// Runs `node`, whose operator ncprune does not know, by ONNX Runtime: as a model of that one node
// under the operator sets `opsets`, by domain. Gradients cannot be followed through it. The session
// is made when the operator first runs, for the element types of its inputs. Throws InputError,
// naming the node, when ONNX Runtime is not there.
std::shared_ptr<const Operator> foreign_operator(const Node& node,
                                                 const std::map<std::string, int64_t>& opsets);

}  // namespace ncprune
