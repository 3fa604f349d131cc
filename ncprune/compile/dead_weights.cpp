#include <ATen/ops/zeros.h>

#include <algorithm>
#include <optional>

#include "ncprune/compile/passes.h"

namespace ncprune {
namespace {

// By element of a value of one position: whether a product reads it.
at::Tensor read_elements(const Program& program, ValueId value) {
  at::Tensor read = at::zeros({element_count(program.values[value].shape)}, at::kBool);
  for (const Step& step : program.steps) {
    for (const ProgramOperand& operand : operands_of(program, step)) {
      if (operand.is_constant() || operand.source != value) continue;
      const auto* product = std::get_if<ProductStep>(&step);
      if (product == nullptr || operand.index.defined()) return {};
      read.logical_or_(product->weight.ne(0).any(0));
    }
  }
  return read;
}

}  // namespace

Program drop_dead_weights(Program program) {
  for (size_t i = program.steps.size(); i-- > 0;) {
    if (auto* product = std::get_if<ProductStep>(&program.steps[i])) {
      if (program.values[product->out].place == Place::kOutput) continue;
      const at::Tensor read = read_elements(program, product->out);
      if (read.defined()) product->weight = product->weight * read.unsqueeze(1);
    }
  }
  return program;
}

}  // namespace ncprune
