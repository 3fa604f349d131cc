#pragma once

#include <map>
#include <string>
#include <vector>

#include "ncprune/model/interpreter.h"

namespace ncprune {

using Attributes = std::map<std::string, Attribute>;

// The output of a network of one node 'n' for its inputs, the first of which is the network's.
inline at::Tensor apply(const std::string& op_type, const std::vector<at::Tensor>& inputs,
                        const Attributes& attributes = {}, const RunMode& mode = {}) {
  Network network;
  network.input.name = "x0";
  network.output.name = "y";
  Node node{op_type, "n", {"x0"}, {"y"}, attributes};
  for (size_t i = 1; i < inputs.size(); ++i) {
    node.inputs.push_back(inputs[i].defined() ? "x" + std::to_string(i) : "");
    if (inputs[i].defined()) network.initializers[node.inputs.back()] = inputs[i];
  }
  network.nodes = {node};
  return run(network, inputs[0], {"y"}, mode).front();
}

}  // namespace ncprune
