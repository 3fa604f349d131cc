#pragma once

#include <string>
#include <vector>

#include "ncprune/base/json.h"
#include "ncprune/prune/prune.h"

namespace ncprune {

// What is to stay of one layer's weight.
struct PlannedTensor {
  std::string layer;           // its name, for people
  std::string tensor;          // the initializer, as the ONNX file has it
  std::vector<int64_t> shape;  // of the initializer
  std::string sha1;            // of the initializer's bytes when the plan was made, hexadecimal
  at::Tensor mask;             // bool, of that shape; undefined in a plan of units
  at::Tensor units;  // int64, ascending: the layer's units; undefined in a plan of weights
};

// A pruning decision as data, to be carried out again: on the same network or on one of the same
// shapes that was trained since, here or in another framework.
struct Plan {
  Recipe recipe;  // what it was made with, nothing left to the method
  std::vector<PlannedTensor> tensors;
};

Plan plan_of(const Network& dense, const Pruned& pruned);

// {"ncprune_plan": 2, "recipe": {...}, "tensors": [{"layer", "tensor", "shape", "sha1",
// "mask" | "units"}]}. A mask is its bits in the initializer's order (row by row), eight to a byte,
// the first the highest, in hexadecimal.
Json plan_json(const Plan& plan);

// Reads plans of version 1, too, which had the recipe's entries beside the tensors. Throws
// InputError, naming `where` and the key, on anything that is not such a plan.
Plan parse_plan(const std::string& text, const std::string& where);

// Those tensors of the plan whose values in `network` are not those it was made with. Throws
// InputError when `network` lacks a tensor of the plan or has it in another shape.
std::vector<std::string> changed_tensors(const Plan& plan, const Network& network);

// The plan carried out, as apply() does. Throws InputError where apply() and changed_tensors()
// would.
Pruned apply_plan(const Network& network, const Plan& plan, const Dataset& data);

}  // namespace ncprune
