#pragma once

#include <utility>
#include <vector>

#include "ncprune/compile/program.h"

namespace ncprune {

// Copies of values that do not lie as a step needs them. Internal to this folder.

// Gives steps what they read in a value of its own.
class CopyInserter {
 public:
  explicit CopyInserter(Program& program) : program_(program) {}

  // A new value with the operand's elements, computed just before the steps that follow.
  ValueId copy(const ProgramOperand& operand) {
    program_.values.push_back({.shape = operand.shape});
    const ValueId value = program_.values.size() - 1;
    steps_.push_back(MapStep{value, {operand}, {}});
    return value;
  }
  ValueId copy(ValueId value) {
    return copy(ProgramOperand{.source = value, .shape = program_.values[value].shape});
  }
  // A new value to be written instead of `value`, which gets its elements afterwards.
  ValueId written_instead(ValueId value) {
    program_.values.push_back({.shape = program_.values[value].shape});
    const ValueId own = program_.values.size() - 1;
    after_.push_back(MapStep{value, {{.source = own, .shape = program_.values[value].shape}}, {}});
    return own;
  }
  void add(Step step) {
    steps_.push_back(std::move(step));
    for (Step& later : after_) steps_.push_back(std::move(later));
    after_.clear();
  }
  void finish() { program_.steps = std::move(steps_); }

 private:
  Program& program_;
  std::vector<Step> steps_;
  std::vector<Step> after_;
};

// The positions of a plane: all axes but that of the planes; the last one of them are the columns.
void set_positions(ProgramValue& value);

// Copies what steps other than convolutions cannot read or write where it lies. REQUIRES: every
// value has its layout.
Program insert_copies(Program program);

}  // namespace ncprune
