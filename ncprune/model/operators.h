#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ncprune/base/random.h"
#include "ncprune/model/network.h"

namespace ncprune {

// The samples [begin, begin + size) that belong to this process in a batch shared by several
// (world.h).
struct BatchShare {
  int64_t begin;
  int64_t size;  // at least 1
  int64_t of;    // samples in the whole batch
};

// How a network is run.
struct RunMode {
  bool training = false;     // Dropout drops; BatchNormalization uses and updates batch statistics
  Random* random = nullptr;  // Dropout draws from it; REQUIRED in training
  bool keep_zeros = false;   // elements of weights that are zero need no gradient and may get 0
  // In training: the part of the batch that this process runs while all processes run theirs.
  // Statistics are those of the whole batch, and random draws are as if one process ran it all.
  std::optional<BatchShare> share = {};
};

// One ONNX operator, computed by LibTorch calls that autograd can follow.
struct Operator {
  std::string name;     // ONNX's operator type
  std::string summary;  // what is supported
  // Inputs in the node's order; an omitted optional input is an undefined tensor. Throws
  // InputError, naming the node, on shapes or attributes that it cannot take.
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

// The integers in input `index`, of any integer type; `fallback` when the input is omitted.
std::vector<int64_t> integers_in(const std::vector<at::Tensor>& inputs, size_t index,
                                 std::vector<int64_t> fallback = {});

// Throws InputError when a value of `shape` that `node` is about to compute is unreasonably large:
// a few bytes of a malicious file could ask for all the memory of the machine. The cap is 2^30
// elements.
void require_affordable(const Node& node, at::IntArrayRef shape);

// Checks a size that depends on numbers in the file (pads, repeats, a shape) likewise: at most 2^24
// elements, or 64 times the number of elements of all inputs, `inputs`.
void require_grown(const Node& node, at::IntArrayRef shape, int64_t inputs);

// The attribute `axis`, or `fallback`, in [0, rank). Throws InputError when it is out of range.
int64_t axis_of(const Node& node, int64_t fallback, int64_t rank);

// The axes that `node` works on, each in [0, rank): its second input if present, otherwise its
// attribute `axes`; empty when it has neither. Throws InputError when one is out of range or
// repeated.
std::vector<int64_t> axes_of(const Node& node, const std::vector<at::Tensor>& inputs, int64_t rank);

// Every operator, by name. Each file in operators/ contributes a list.
const std::vector<Operator>& operators();

// The operator that runs the node: the one of its type, or its foreign operator, or null.
const Operator* operator_of(const Node& node);

}  // namespace ncprune
