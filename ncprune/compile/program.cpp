#include "ncprune/compile/program.h"

namespace ncprune {

ValueId written_by(const Step& step) {
  return std::visit([](const auto& own) { return own.out; }, step);
}

std::vector<ProgramOperand> operands_of(const Program& program, const Step& step) {
  std::vector<ProgramOperand> all;
  if (const auto* map = std::get_if<MapStep>(&step)) all = map->operands;
  if (const auto* assemble = std::get_if<AssembleStep>(&step)) all = assemble->parts;
  if (const auto* reduction = std::get_if<ReductionStep>(&step)) all = reduction->operands;
  if (const auto* product = std::get_if<ProductStep>(&step)) all = {product->in};
  if (const auto* phases = std::get_if<PhasesStep>(&step)) all = {phases->in};
  if (const auto* pool = std::get_if<PoolStep>(&step)) all = {pool->in};
  if (const auto* resample = std::get_if<ResampleStep>(&step)) all = {resample->in};
  if (const auto* matrices = std::get_if<MatrixProductStep>(&step)) {
    all = {matrices->left, matrices->right};
  }
  if (const auto* convolution = std::get_if<ConvolutionStep>(&step)) {
    all = {{.source = convolution->in, .shape = program.values[convolution->in].shape}};
    // Operand 0 is the result of the convolution itself.
    for (size_t i = 1; i < convolution->operands.size(); ++i) {
      all.push_back(convolution->operands[i]);
    }
  }
  return all;
}

}  // namespace ncprune
