#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "ncprune/base/error.h"
#include "ncprune/compile/passes.h"

namespace ncprune {
namespace {

constexpr int64_t kMaxWorkspaceBytes = int64_t{1} << 30;
constexpr int64_t kLine = 16;  // floats of a line of the cache

// The steps between which a value must keep its memory, both included.
struct Lifetime {
  size_t first;
  size_t last;
};

struct PlacedValue {
  Lifetime lifetime;
  int64_t begin;
  int64_t end;
};

// The lowest offset at which `size` floats are free during the lifetime.
int64_t free_offset(std::vector<PlacedValue> placed, const Lifetime& lifetime, int64_t size) {
  std::erase_if(placed, [&](const PlacedValue& other) {
    return other.lifetime.last < lifetime.first || lifetime.last < other.lifetime.first;
  });
  std::sort(placed.begin(), placed.end(),
            [](const PlacedValue& a, const PlacedValue& b) { return a.begin < b.begin; });
  int64_t offset = 0;
  for (const PlacedValue& other : placed) {
    if (other.begin - offset >= size) break;
    offset = std::max(offset, other.end);
  }
  return offset;
}

}  // namespace

Program plan_memory(Program program) {
  std::map<ValueId, Lifetime> lifetimes;
  for (size_t i = 0; i < program.steps.size(); ++i) {
    lifetimes.try_emplace(written_by(program.steps[i]), Lifetime{i, i});
    for (const ProgramOperand& operand : operands_of(program, program.steps[i])) {
      if (operand.is_constant()) continue;
      const auto found = lifetimes.find(operand.source);
      if (found != lifetimes.end()) found->second.last = i;
    }
  }
  std::vector<ValueId> order;
  for (const auto& [value, lifetime] : lifetimes) {
    if (program.values[value].place == Place::kWorkspace) order.push_back(value);
  }
  // Large values first leave the smallest holes; ties go to the lower index.
  std::stable_sort(order.begin(), order.end(), [&](ValueId a, ValueId b) {
    return program.values[a].layout.size > program.values[b].layout.size;
  });
  std::vector<PlacedValue> placed;
  for (const ValueId value : order) {
    const int64_t size = (program.values[value].layout.size + kLine - 1) / kLine * kLine;
    const int64_t offset = free_offset(placed, lifetimes.at(value), size);
    program.values[value].offset = offset;
    placed.push_back({lifetimes.at(value), offset, offset + size});
    program.workspace = std::max(program.workspace, offset + size);
  }
  if (program.workspace > kMaxWorkspaceBytes / 4) {
    throw InputError(fmt::format("the compiled network would need {} MB of memory; at most {} MB",
                                 program.workspace >> 18, kMaxWorkspaceBytes >> 20));
  }
  return program;
}

}  // namespace ncprune
