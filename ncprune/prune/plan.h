#pragma once

#include <string>
#include <vector>

#include "ncprune/base/json.h"
#include "ncprune/prune/prune.h"

namespace ncprune {

// The weights or units of one layer that stay.
struct PlannedTensor {
  std::string layer;           // the layer's name, for people
  std::string tensor;          // the initializer's name in the ONNX file
  std::vector<int64_t> shape;  // of the initializer
  std::string sha1;            // of the initializer's bytes when the plan was made, hexadecimal
  at::Tensor mask;             // bool, of `shape`; undefined in a plan of units
  at::Tensor units;  // int64, ascending: the layer's units; undefined in a plan of weights
};

// A pruning decision as data. It can be carried out again, here or in another framework, on the
// same network or on one with the same shapes that was trained since.
struct Plan {
  Recipe recipe;  // the one that made the plan, as resolved() returns it
  std::vector<PlannedTensor> tensors;
};

Plan plan_of(const Network& dense, const Pruned& pruned);

// {"ncprune_plan": 2, "recipe": {...}, "tensors": [{"layer", "tensor", "shape", "sha1",
// "mask" | "units"}]}. A mask is a string of hexadecimal bytes: eight bits each, the first bit the
// highest, in the initializer's order (row by row).
Json plan_json(const Plan& plan);

// Also reads plans of version 1, which had the recipe's entries beside the tensors. Throws
// InputError, naming `where` and the key, on anything else.
Plan parse_plan(const std::string& text, const std::string& where);

// The tensors of the plan whose values in `network` differ from those that the plan was made with.
// Throws InputError when `network` lacks a tensor of the plan or has it in another shape.
std::vector<std::string> changed_tensors(const Plan& plan, const Network& network);

// Carries out the plan as apply() does. Throws InputError as apply() and changed_tensors().
Pruned apply_plan(const Network& network, const Plan& plan, const Dataset& data);

}  // namespace ncprune
