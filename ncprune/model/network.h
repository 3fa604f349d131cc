#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "ncprune/base/tensor.h"

namespace ncprune {

// A network is a graph in ONNX's own vocabulary: nodes that read and write named values, and
// initializers, the constant values (weights, biases, shapes).

using Attribute = std::variant<int64_t, float, std::string, std::vector<int64_t>,
                               std::vector<float>, at::Tensor, std::vector<std::string>>;

struct Operator;  // operators.h

struct Node {
  std::string op_type;              // "Gemm", "Relu", ...
  std::string name;                 // may be empty; see label()
  std::vector<std::string> inputs;  // names of values; "" is an omitted optional input
  std::vector<std::string> outputs;
  std::map<std::string, Attribute> attributes;
  std::string domain = {};                       // of the operator; empty for ONNX's own
  std::shared_ptr<const Operator> foreign = {};  // if operators() has none; see foreign.h

  // The attribute's value, or `fallback` when absent. Throws InputError when it has another type.
  int64_t integer(const std::string& key, int64_t fallback) const;
  double number(const std::string& key, double fallback) const;
  std::string text(const std::string& key, const std::string& fallback) const;
  std::vector<int64_t> integers(const std::string& key, std::vector<int64_t> fallback) const;

  // For messages: the name, or "Relu writing 'hidden1'" when the node has none.
  std::string label() const;
};

struct ValueInfo {
  std::string name;
  std::vector<int64_t> shape;        // -1 for an axis without fixed size (the batch)
  at::ScalarType type = at::kFloat;  // in the file; see Network
};

// How a file stores a value that the network holds as float.
struct Storage {
  at::ScalarType type = at::kFloat;     // in the file
  at::ScalarType read_as = at::kFloat;  // of nodes; if not `type`, after a Cast or DequantizeLinear
  // Of DequantizeLinear: float, of no axes or [size of `axis`], and of `type` like it; undefined
  // when there is none.
  at::Tensor scale = {};
  at::Tensor zero_point = {};
  int64_t axis = 1;
};

// Classes and input preparation of a classifier, stored in the ONNX file's metadata.
struct Metadata {
  std::vector<std::string> class_names;  // K of them, or empty when unknown
  std::vector<int64_t> class_counts;     // training samples per class, or empty when unknown
  std::vector<int64_t> minority;         // the rare classes to watch, ascending
  // Raw inputs become (x - mean) / scale before the graph reads them. Float, broadcastable to one
  // sample; empty tensors when the network takes raw inputs. Raw pictures are [channels, height,
  // width] in red, green, blue.
  at::Tensor input_mean;
  at::Tensor input_scale;
  // What happens to normalised pictures before the graph reads them: `reversed_channels` makes them
  // blue, green, red; `channels_last` makes them [height, width, channels].
  bool reversed_channels = false;
  bool channels_last = false;
  // Further entries by key: those of other programs, unchanged, and the recipe of a pruning.
  std::map<std::string, std::string> other;
};

// Every network has one form, whatever its file looks like: one input, of float unless the file has
// whole numbers, and one score of each class. What is needed to write the file's own form again is
// kept beside the graph.
struct Network {
  std::string name = "ncprune";
  int64_t opset = 17;
  std::map<std::string, int64_t> domains;  // versions of the other operator sets in use
  ValueInfo input;                         // [-1, ...]
  ValueInfo output;                        // [-1, K]
  std::vector<Node> nodes;                 // INVARIANT: a node reads only earlier values
  std::map<std::string, at::Tensor> initializers;
  Metadata metadata;
  // By value, of a file whose values are not all FLOAT; other values are stored as their readers
  // need them.
  std::map<std::string, Storage> storage;
  // The file holds weights of which most are zero as sparse tensors.
  bool sparse = false;
  // The inputs of a file that has several, each of a fixed shape: `input` holds their values side
  // by side, and the first nodes take them apart.
  std::vector<ValueInfo> parts;
  // The file has one score z for two classes; the graph has (-z / 2, z / 2).
  bool one_logit = false;
  // The file's outputs that follow from the scores, such as the predicted label: a serialized ONNX
  // graph, empty when there are none.
  std::string other_outputs;

  int64_t num_classes() const { return output.shape.back(); }
};

// A copy whose tensors share no memory with those of `network`, in main memory or as operands on
// `device` (operand_on()).
Network clone(const Network& network, at::Device device = at::kCPU);

// The value that holds the class scores before any closing Softmax, LogSoftmax or Sigmoid; [N, K].
std::string logits_value(const Network& network);

// Index of the node that writes `value`; -1 when none does (an input or initializer).
int64_t producer(const Network& network, const std::string& value);

// Indices of the nodes that read `value`, ascending.
std::vector<int64_t> consumers(const Network& network, const std::string& value);

// `wanted`, with a number appended if a value of that name exists.
std::string fresh_name(const Network& network, const std::string& wanted);

// Throws InputError, naming `where`, when a node reads an undefined value, an operator is unknown
// (node and type are named), or a weight is not finite.
void validate(const Network& network, const std::string& where);

}  // namespace ncprune
