#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "ncprune/compile/program.h"
#include "ncprune/model/network.h"

namespace ncprune {

// Turns nodes into steps, one after the other. Internal to this folder.
class ProgramBuilder {
 public:
  // `network`: of one sample a run. Runs it once to learn the shapes. Throws InputError, naming the
  // node, on a network whose values it cannot represent.
  explicit ProgramBuilder(const Network& network);

  // Input `index` of the node; its element type is float, or Boolean as 0 and 1. Throws InputError
  // on any other type and when it is omitted.
  ProgramOperand operand(const Node& node, size_t index) const;
  bool has_input(const Node& node, size_t index) const;
  bool is_constant(const Node& node, size_t index) const;
  // The constant that input `index` is, as in the file. Throws InputError when it is computed.
  at::Tensor constant(const Node& node, size_t index) const;
  const std::vector<int64_t>& shape_of(const std::string& value) const;
  // All inputs for the interpreter: constants as they are, undefined where omitted or computed.
  std::vector<at::Tensor> constants(const Node& node) const;

  // A new value of the program.
  ValueId add_value(const std::vector<int64_t>& shape);
  void add(Step step) { program_.steps.push_back(std::move(step)); }
  const std::vector<Step>& steps() const { return program_.steps; }
  // Says what the node's output `index` is.
  void define(const Node& node, ProgramOperand operand, size_t index = 0);
  // Defines the output as a new value of its shape, and returns it.
  ValueId define_value(const Node& node);

  // An elementwise step of the operands, which broadcast to `shape`.
  ProgramOperand map(const std::vector<int64_t>& shape, std::vector<ProgramOperand> operands,
                     std::vector<ScalarOperation> operations);
  // The elements, in order, as one value.
  ValueId whole(const ProgramOperand& operand);

  // The program of the whole network.
  Program finish();

 private:
  const Network& network_;
  Program program_;
  std::map<std::string, std::vector<int64_t>> shapes_;
  std::map<std::string, at::ScalarType> types_;
  std::map<std::string, ProgramOperand> known_;
  std::map<std::string, at::Tensor> constants_;
};

// An operator that compile() knows: what adds the steps of one node.
struct Lowering {
  std::string name;  // ONNX's operator type
  std::function<void(ProgramBuilder&, const Node&)> lower;
};

// Every such operator, by name. Each file in lowerings/ contributes a list.
const std::vector<Lowering>& lowerings();

// The whole of a value as an operand.
ProgramOperand whole_value(ValueId value, const std::vector<int64_t>& shape);

// The operand broadcast to `shape`.
ProgramOperand broadcast_to(const ProgramOperand& operand, const std::vector<int64_t>& shape);

// The operand's elements in their row-major order, in another shape of as many elements.
ProgramOperand reshaped(ProgramOperand operand, const std::vector<int64_t>& shape);

// Elements `index` (int64, of the new shape) of the operand.
ProgramOperand selected(const ProgramOperand& operand, const at::Tensor& index);

// A number with every digit, as C text.
std::string c_number(double value);

}  // namespace ncprune
