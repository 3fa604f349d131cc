#include "ncprune/compile/copies.h"

#include <ATen/ops/arange.h>

#include <algorithm>

#include "ncprune/compile/passes.h"

namespace ncprune {
namespace {

// Whether element [b, i, j] lies at some place of b plus i and j times fixed distances.
bool is_regular(const at::Tensor& offsets) {
  const at::Tensor first = offsets.slice(1, 0, 1).slice(2, 0, 1);
  at::Tensor wanted = first.clone();
  for (const int64_t axis : {int64_t{1}, int64_t{2}}) {
    if (offsets.size(axis) < 2) continue;
    const int64_t step = (offsets.select(0, 0).select(axis - 1, 1).flatten()[0] -
                          offsets.select(0, 0).select(axis - 1, 0).flatten()[0])
                             .item<int64_t>();
    std::vector<int64_t> shape(3, 1);
    shape[static_cast<size_t>(axis)] = offsets.size(axis);
    wanted = wanted + (at::arange(offsets.size(axis), at::kLong) * step).view(shape);
  }
  return wanted.expand(offsets.sizes()).equal(offsets);
}

int64_t last_step(const at::Tensor& offsets) {
  if (offsets.size(-1) < 2) return 1;
  const at::Tensor row = offsets.reshape({-1, offsets.size(-1)})[0];
  return (row[1] - row[0]).item<int64_t>();
}

}  // namespace

void set_positions(ProgramValue& value) {
  ValueLayout& layout = value.layout;
  if (layout.axis < 0) {
    layout.size = std::max<int64_t>(element_count(value.shape), 1);
    return;
  }
  layout.planes = value.shape[static_cast<size_t>(layout.axis)];
  for (size_t axis = value.shape.size(); axis-- > 0;) {
    if (static_cast<int64_t>(axis) == layout.axis) continue;
    layout.columns = value.shape[axis];
    break;
  }
  layout.rows = element_count(value.shape) / (layout.planes * layout.columns);
}

Program insert_copies(Program program) {
  CopyInserter inserter(program);
  const std::vector<Step> steps = std::move(program.steps);
  const auto side_by_side = [&](ProgramOperand& operand) {
    const std::vector<int64_t> shape = operand.shape;
    operand = {.source = inserter.copy(operand), .shape = shape};
    set_positions(program.values[operand.source]);
  };
  const auto contiguous = [&](const ProgramOperand& operand) {
    const at::Tensor offsets = memory_offsets(program, operand).flatten();
    return offsets.equal(at::arange(offsets.numel(), at::kLong) + offsets[0]);
  };
  const auto write_contiguous = [&](ValueId& out) {
    if (program.values[out].layout.axis < 0) return;
    out = inserter.written_instead(out);
    set_positions(program.values[out]);
  };
  const auto planes_regular = [&](ProgramOperand& operand) {
    const std::vector<int64_t>& shape = operand.shape;
    const at::Tensor offsets =
        memory_offsets(program, operand).reshape({shape[1], -1, shape.back()});
    const at::Tensor starts = offsets.select(1, 0).select(1, 0);
    const bool even =
        starts.numel() < 3 ||
        starts.slice(0, 1).sub(starts.slice(0, 0, -1)).eq(starts[1] - starts[0]).all().item<bool>();
    if (!is_regular(offsets) || !even || last_step(offsets) != 1) side_by_side(operand);
  };
  for (Step step : steps) {
    if (auto* product = std::get_if<ProductStep>(&step)) {
      if (!contiguous(product->in)) side_by_side(product->in);
      write_contiguous(product->out);
    } else if (auto* matrices = std::get_if<MatrixProductStep>(&step)) {
      for (ProgramOperand* operand : {&matrices->left, &matrices->right}) {
        if (operand->is_constant()) continue;
        const at::Tensor offsets = memory_offsets(program, *operand);
        const bool rows = operand == &matrices->right;
        if (!is_regular(offsets) || (rows && last_step(offsets) != 1)) side_by_side(*operand);
      }
      write_contiguous(matrices->out);
    } else if (auto* pool = std::get_if<PoolStep>(&step)) {
      planes_regular(pool->in);
      // Its kernel writes rows whose columns lie side by side.
      if (program.values[pool->out].layout.axis > 1) write_contiguous(pool->out);
    } else if (auto* phases = std::get_if<PhasesStep>(&step)) {
      planes_regular(phases->in);
    } else if (auto* resample = std::get_if<ResampleStep>(&step)) {
      if (!contiguous(resample->in)) side_by_side(resample->in);
      write_contiguous(resample->out);
    }
    inserter.add(std::move(step));
  }
  inserter.finish();
  return program;
}

}  // namespace ncprune
