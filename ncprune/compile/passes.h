#pragma once

#include "ncprune/compile/program.h"

namespace ncprune {

// The lead of rows that are whole vectors of 8; other rows with a lead are a line each.
inline constexpr int64_t kRowsLead = 8;

// The passes over a program after its nodes are lowered and before C is written. Internal to this
// folder.

// Constants that scale or shift each output of a convolution or product become part of its weights,
// computed in double; elementwise steps join the only step that reads them, or the convolution
// whose only reader they are.
Program fuse(Program program);

// Chooses how every value lies in memory, and adds the copies that steps need.
Program assign_layouts(Program program);

// Places the values in the workspace; values that are not needed at the same time share memory.
// Throws InputError when it would exceed 1 GiB.
Program plan_memory(Program program);

// Throws InputError if a workspace of so many floats would exceed 1 GiB.
void require_affordable_workspace(int64_t floats);

// The elements' distances in floats from the start of the source's memory, int64, of the operand's
// shape. REQUIRES: not a constant; layouts are assigned.
at::Tensor memory_offsets(const Program& program, const ProgramOperand& operand);

// The same for all elements of a value.
at::Tensor memory_offsets(const ProgramValue& value);

// Values of a constant, one for each index of `axis`, if they only depend on it; otherwise
// undefined.
at::Tensor per_plane(const at::Tensor& tensor, int64_t axis);

}  // namespace ncprune
