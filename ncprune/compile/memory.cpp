#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "ncprune/base/error.h"
#include "ncprune/compile/passes.h"

namespace ncprune {
namespace {

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

// Whether a convolution adds another value, and perhaps rectifies the sum, before it writes:
// whatever else follows is applied to what was written already.
bool adds_before_writing(const ConvolutionStep& step) {
  const auto& operations = step.operations;
  const bool rectifies = operations.size() == 2 && operations[1].text == "nc_relu({0})";
  return (operations.size() == 1 || rectifies) && operations[0].text == "({0} + {1})";
}

// Convolutions whose result takes the memory of a value that they add, element by element, and that
// nothing reads later: by result, the value that owns the memory.
std::map<ValueId, ValueId> written_in_place(const Program& program,
                                            const std::map<ValueId, Lifetime>& lifetimes) {
  std::map<ValueId, ValueId> owners;
  for (size_t i = 0; i < program.steps.size(); ++i) {
    const auto* convolution = std::get_if<ConvolutionStep>(&program.steps[i]);
    if (convolution == nullptr || convolution->windows || !adds_before_writing(*convolution))
      continue;
    for (size_t k = 1; k < convolution->operands.size() && !owners.contains(convolution->out);
         ++k) {
      const ProgramOperand& operand = convolution->operands[k];
      if (operand.is_constant() || operand.source == convolution->in) continue;
      const auto lifetime = lifetimes.find(operand.source);
      const bool last = lifetime != lifetimes.end() && lifetime->second.last == i;
      if (!last || !operand.is_whole(program.values[convolution->out].shape)) continue;
      if (program.values[operand.source].layout != program.values[convolution->out].layout)
        continue;
      const auto owner = owners.find(operand.source);
      owners[convolution->out] = owner == owners.end() ? operand.source : owner->second;
    }
  }
  return owners;
}

}  // namespace

void require_affordable_workspace(int64_t floats) {
  constexpr int64_t kMostBytes = int64_t{1} << 30;
  if (floats <= kMostBytes / 4) return;
  throw InputError(fmt::format("the compiled network would need {} MB of memory; at most {} MB",
                               floats >> 18, kMostBytes >> 20));
}

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
  const std::map<ValueId, ValueId> in_place = written_in_place(program, lifetimes);
  for (const auto& [value, owner] : in_place) {
    lifetimes.at(owner).last = std::max(lifetimes.at(owner).last, lifetimes.at(value).last);
  }
  std::vector<ValueId> order;
  for (const auto& [value, lifetime] : lifetimes) {
    if (program.values[value].place == Place::kWorkspace && !in_place.contains(value)) {
      order.push_back(value);
    }
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
  for (const auto& [value, owner] : in_place) {
    program.values[value].offset = program.values[owner].offset;
  }
  require_affordable_workspace(program.workspace);
  return program;
}

}  // namespace ncprune
