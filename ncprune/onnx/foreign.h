#pragma once

#include <map>
#include <memory>
#include <string>

#include "ncprune/model/operators.h"

namespace ncprune {

// Runs `node`, whose operator ncprune does not know, in ONNX Runtime, as a model with that single
// node under the operator sets `opsets` (versions by domain). It has no gradients. The session is
// created when the operator first runs, for the element types of its inputs. Throws InputError,
// naming the node, when ONNX Runtime is not available.
std::shared_ptr<const Operator> foreign_operator(const Node& node,
                                                 const std::map<std::string, int64_t>& opsets);

}  // namespace ncprune
