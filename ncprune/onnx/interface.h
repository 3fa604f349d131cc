#pragma once

#include <onnx/onnx_pb.h>

#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "ncprune/model/network.h"

namespace ncprune {

// What a file's graph takes and gives.

// Names appear in messages and tables of one line each: throws InputError on control characters
// and on more than 1000 bytes.
void require_plain(const std::string& name);

// The value that holds the class scores: the first output of floating type, or what a ZipMap makes
// a map of; if no output is, what the ArgMax of the label reads.
std::string scores_value(const onnx::GraphProto& graph);

// The names of the classes in a ZipMap, in the order of the scores; empty when there is none.
std::vector<std::string> mapped_class_names(const onnx::GraphProto& graph);

// The nodes that some values need, in the file's order, and the values that they read.
struct Live {
  std::vector<const onnx::NodeProto*> nodes;
  std::unordered_set<std::string> values;
};

Live live_part(const onnx::GraphProto& graph, const std::string& value);

// The inputs that samples go to, and the switches: further inputs of one Boolean, such as a
// training mode. Inputs that the scores do not need are ignored if there is another.
struct GraphInputs {
  std::vector<ValueInfo> samples;  // at least one
  std::vector<std::string> switches;
};

// Throws InputError unless each input has a shape and a floating type or whole numbers.
GraphInputs graph_inputs(const onnx::GraphProto& graph, const Live& live);

ValueInfo graph_output(const onnx::GraphProto& graph, const std::string& scores);

// The file's outputs that follow from the scores (or from what a closing Softmax or Sigmoid reads),
// as a serialized graph of their own, and the names of those that do not, which are left out. The
// graph's outputs are in the file's order, with the scores among them if they are an output.
struct OtherOutputs {
  std::string graph;  // empty when there are none
  std::vector<std::string> kept;
  std::vector<std::string> left_out;
  std::set<std::string> domains;  // of the graph's operators
};

// `opset` is the graph's.
OtherOutputs other_outputs(const onnx::GraphProto& graph, const std::string& scores,
                           const Live& live, int64_t opset);

}  // namespace ncprune
