#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ncprune/base/random.h"
#include "ncprune/model/network.h"

namespace ncprune {

// The samples a process has of a batch that several share (world.h): [begin, begin + size).
struct BatchShare {
  int64_t begin;
  int64_t size;  // at least 1
  int64_t of;    // samples of the batch
};

// How a network is run.
struct RunMode {
  bool training = false;     // Dropout drops; BatchNormalization uses and updates batch statistics
  Random* random = nullptr;  // where Dropout draws from; REQUIRED in training
  // In training what is run is this part of a batch, and all processes run theirs at once:
  // statistics are the whole batch's, and draws are those that it would get in one piece.
  std::optional<BatchShare> share = {};
};

// One ONNX operator: what it computes, as LibTorch calls that autograd can follow.
struct Operator {
  std::string name;     // ONNX's operator type
  std::string summary;  // what is supported of it
  // Inputs in the node's order; an optional input left out is an undefined tensor. Throws
  // InputError, naming the node, on shapes or attributes it cannot take.
  std::function<std::vector<at::Tensor>(const Node&, const std::vector<at::Tensor>&,
                                        const RunMode&)>
      run;
};

namespace operators_files {
using Tensors = std::vector<at::Tensor>;
using Run = std::function<Tensors(const Node&, const Tensors&, const RunMode&)>;
}  // namespace operators_files

// Throws InputError: "node 'conv1' (Conv): `what`".
[[noreturn]] void refuse(const Node& node, const std::string& what);

// The whole numbers that input `index` holds, of any integer type; `fallback` when it was left out.
std::vector<int64_t> integers_in(const std::vector<at::Tensor>& inputs, size_t index,
                                 std::vector<int64_t> fallback = {});

// Throws InputError when a value of `shape` that `node` is about to compute could not be meant: a
// few bytes of a hostile file could ask for all the memory there is. The cap is 2^30 elements.
void require_affordable(const Node& node, at::IntArrayRef shape);

// The same for what grows out of its inputs by numbers that stand in the file (pads, repeats, a
// shape): at most 2^24 elements, or 64 times the `inputs` that its inputs have together.
void require_grown(const Node& node, at::IntArrayRef shape, int64_t inputs);

// The attribute `axis`, or `fallback`, in [0, rank). Throws InputError when it is out of range.
int64_t axis_of(const Node& node, int64_t fallback, int64_t rank);

// The axes that `node` works on, each in [0, rank): its second input, where it has one, else its
// attribute `axes`; none when it says none. Throws InputError when one is out of range or repeated.
std::vector<int64_t> axes_of(const Node& node, const std::vector<at::Tensor>& inputs, int64_t rank);

// Every operator, by name. Each file in operators/ contributes a list: adding a file is all it
// takes.
const std::vector<Operator>& operators();

// What runs the node: the operator of its type, else the foreign one it carries, else null.
const Operator* operator_of(const Node& node);

}  // namespace ncprune
