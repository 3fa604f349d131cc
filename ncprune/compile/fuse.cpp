#include <algorithm>
#include <optional>

#include "ncprune/compile/passes.h"

namespace ncprune {
namespace {

constexpr size_t kMaxOperands = 12;
constexpr size_t kMaxOperations = 24;

// The steps that read each value; a step that reads it twice counts once.
std::vector<std::vector<size_t>> readers_of(const Program& program) {
  std::vector<std::vector<size_t>> readers(program.values.size());
  for (size_t i = 0; i < program.steps.size(); ++i) {
    for (const ProgramOperand& operand : operands_of(program, program.steps[i])) {
      if (operand.is_constant()) continue;
      std::vector<size_t>& own = readers[operand.source];
      if (own.empty() || own.back() != i) own.push_back(i);
    }
  }
  return readers;
}

// Whether the step reads `value` only as a whole, in its shape.
bool reads_whole(const Program& program, const std::vector<ProgramOperand>& operands,
                 ValueId value) {
  return std::all_of(operands.begin(), operands.end(), [&](const ProgramOperand& operand) {
    return operand.is_constant() || operand.source != value ||
           operand.is_whole(program.values[value].shape);
  });
}

// Removes the first operation: its result is now operand `operand`.
void drop_first(std::vector<ScalarOperation>& operations, int64_t operand) {
  operations.erase(operations.begin());
  for (ScalarOperation& operation : operations) {
    for (int64_t& argument : operation.arguments) {
      if (argument == -1) {
        argument = operand;
      } else if (argument < 0) {
        ++argument;
      }
    }
  }
}

// A factor or summand of the result, one number for each output, at the head of a map.
struct HeadConstant {
  int64_t variable;  // index of the operand that is the result
  char operation;
  at::Tensor numbers;  // [M], double
};

std::optional<HeadConstant> head_constant(const MapStep& map, ValueId result, int64_t axis) {
  if (map.operations.empty()) return {};
  const ScalarOperation& first = map.operations.front();
  if (first.arguments.size() != 2 || first.arguments[0] < 0 || first.arguments[1] < 0) return {};
  char operation = 0;
  for (const char sign : {'*', '+', '-', '/'}) {
    if (first.text == std::string("({0} ") + sign + " {1})") operation = sign;
  }
  if (operation == 0) return {};
  const auto at = [&](size_t k) -> const ProgramOperand& {
    return map.operands[static_cast<size_t>(first.arguments[k])];
  };
  const auto is_result = [&](size_t k) {
    return !at(k).is_constant() && at(k).source == result && !at(k).index.defined();
  };
  const bool commutes = operation == '*' || operation == '+';
  const size_t variable = is_result(0) ? 0 : 1;
  if (!is_result(variable) || !at(1 - variable).is_constant() || (variable == 1 && !commutes)) {
    return {};
  }
  const int64_t index = first.arguments[variable];
  for (size_t i = 1; i < map.operations.size(); ++i) {
    for (const int64_t argument : map.operations[i].arguments) {
      if (argument < 0) continue;
      const ProgramOperand& other = map.operands[static_cast<size_t>(argument)];
      if (argument == index || (!other.is_constant() && other.source == result)) return {};
    }
  }
  const at::Tensor numbers = per_plane(at(1 - variable).constant, axis);
  if (!numbers.defined()) return {};
  return HeadConstant{index, operation, numbers.to(at::kDouble)};
}

// weight [M, ...] and bias [M] of a layer whose outputs are followed by the constant.
void absorb(const HeadConstant& head, at::Tensor& weight, at::Tensor& bias) {
  const at::Tensor numbers = head.numbers.expand({weight.size(0)});
  if (head.operation == '+') {
    bias = bias + numbers;
  } else if (head.operation == '-') {
    bias = bias - numbers;
  } else {
    const at::Tensor factor = head.operation == '/' ? numbers.reciprocal() : numbers;
    weight = (weight.to(at::kDouble) * factor.unsqueeze(1)).to(at::kFloat);
    bias = bias * factor;
  }
}

// Takes the constants at the head of the map, which reads `result` of the layer, into the layer.
void absorb_constants(MapStep& map, ValueId result, Step& layer) {
  const auto take = [&](const HeadConstant& head, at::Tensor& weight, at::Tensor& bias) {
    absorb(head, weight, bias);
    drop_first(map.operations, head.variable);
    if (map.operations.empty()) {
      map.operands = {map.operands[static_cast<size_t>(head.variable)]};
    }
  };
  if (auto* convolution = std::get_if<ConvolutionStep>(&layer)) {
    if (!convolution->operations.empty()) return;
    while (const auto head = head_constant(map, result, convolution->axis)) {
      take(*head, convolution->weight, convolution->bias);
    }
  } else if (auto* product = std::get_if<ProductStep>(&layer)) {
    if (product->rectified) return;
    const std::vector<int64_t>& shape = map.operands.front().shape;
    const auto largest = std::max_element(shape.begin(), shape.end());
    while (const auto head = head_constant(map, result, largest - shape.begin())) {
      take(*head, product->weight, product->bias);
    }
  }
}

// The operation list of `reader` with that of `map`, which computes `value`, put before it.
void join(const MapStep& map, ValueId value, std::vector<ProgramOperand>& operands,
          std::vector<ScalarOperation>& operations) {
  const auto added = static_cast<int64_t>(map.operations.size());
  const auto old = static_cast<int64_t>(operands.size());
  // With no operation of its own the map stands for its first operand.
  const int64_t result = added > 0 ? -added : old;
  const std::vector<ProgramOperand> before = operands;
  for (ScalarOperation& operation : operations) {
    for (int64_t& argument : operation.arguments) {
      if (argument < 0) {
        argument -= added;
      } else if (const ProgramOperand& own = before[static_cast<size_t>(argument)];
                 !own.is_constant() && own.source == value) {
        argument = result;
      }
    }
  }
  std::vector<ScalarOperation> all = map.operations;
  for (ScalarOperation& operation : all) {
    for (int64_t& argument : operation.arguments) {
      if (argument >= 0) argument += old;
    }
  }
  all.insert(all.end(), operations.begin(), operations.end());
  operations = std::move(all);
  operands.insert(operands.end(), map.operands.begin(), map.operands.end());
}

// Operands that no operation reads are dropped, and equal ones become one.
void tidy(std::vector<ProgramOperand>& operands, std::vector<ScalarOperation>& operations,
          size_t fixed) {
  std::vector<ProgramOperand> kept(operands.begin(),
                                   operands.begin() + static_cast<int64_t>(fixed));
  std::vector<int64_t> place(operands.size(), -1);
  for (size_t i = 0; i < fixed; ++i) place[i] = static_cast<int64_t>(i);
  for (ScalarOperation& operation : operations) {
    for (int64_t& argument : operation.arguments) {
      if (argument < 0) continue;
      const auto index = static_cast<size_t>(argument);
      const ProgramOperand& own = operands[index];
      for (size_t k = 0; k < kept.size() && place[index] < 0; ++k) {
        const bool whole = !own.is_constant() && !own.index.defined() && !kept[k].is_constant() &&
                           !kept[k].index.defined();
        if (k >= fixed && whole && own.source == kept[k].source && own.shape == kept[k].shape) {
          place[index] = static_cast<int64_t>(k);
        }
      }
      if (place[index] < 0) {
        place[index] = static_cast<int64_t>(kept.size());
        kept.push_back(own);
      }
      argument = place[index];
    }
  }
  operands = std::move(kept);
}

// The operands and operations of a step into which an earlier map can be joined.
struct ElementwisePart {
  std::vector<ProgramOperand>* operands;
  std::vector<ScalarOperation>* operations;
};

std::optional<ElementwisePart> elementwise_part(Step& step) {
  if (auto* map = std::get_if<MapStep>(&step))
    return ElementwisePart{&map->operands, &map->operations};
  if (auto* reduction = std::get_if<ReductionStep>(&step)) {
    return ElementwisePart{&reduction->operands, &reduction->operations};
  }
  return {};
}

// Joins map `i` with its only reader, if both are elementwise over the same shape.
bool join_reader(Program& program, size_t i, const std::vector<std::vector<size_t>>& readers) {
  const auto* map = std::get_if<MapStep>(&program.steps[i]);
  if (map == nullptr || readers[map->out].size() != 1) return false;
  auto reader = elementwise_part(program.steps[readers[map->out].front()]);
  const ValueId value = map->out;
  if (!reader || !reads_whole(program, *reader->operands, value)) return false;
  if (reader->operands->size() + map->operands.size() > kMaxOperands ||
      reader->operations->size() + map->operations.size() > kMaxOperations) {
    return false;
  }
  if (reader->operations->empty()) {  // a copy
    if (reader->operands->front().source != value) return false;
    *reader->operands = map->operands;
    *reader->operations = map->operations;
  } else {
    join(*map, value, *reader->operands, *reader->operations);
    tidy(*reader->operands, *reader->operations, 0);
  }
  program.steps.erase(program.steps.begin() + static_cast<int64_t>(i));
  return true;
}

// Whether a convolution can apply the operand to its rows as it writes them.
bool fits_rows(const Program& program, const ProgramOperand& operand, const ConvolutionStep& step) {
  if (operand.is_constant()) return true;
  if (program.values[operand.source].place != Place::kWorkspace) return false;
  if (operand.is_whole(program.values[step.out].shape)) return true;
  return operand.index.defined() && per_plane(operand.index, step.axis).defined();
}

// Makes the map that alone reads convolution `i` part of it.
bool join_producer(Program& program, size_t i, const std::vector<std::vector<size_t>>& readers) {
  auto* convolution = std::get_if<ConvolutionStep>(&program.steps[i]);
  if (convolution == nullptr || !convolution->operations.empty()) return false;
  const ValueId value = convolution->out;
  if (readers[value].size() != 1) return false;
  const size_t reader = readers[value].front();
  auto* map = std::get_if<MapStep>(&program.steps[reader]);
  if (map == nullptr || program.values[map->out].place != Place::kWorkspace ||
      program.values[map->out].shape != program.values[value].shape ||
      !reads_whole(program, map->operands, value)) {
    return false;
  }
  for (const ProgramOperand& operand : map->operands) {
    if (!fits_rows(program, operand, *convolution)) return false;
  }
  ConvolutionStep joined = *convolution;
  joined.operands = {{.source = value, .shape = program.values[value].shape}};
  joined.operations = map->operations;
  for (const ProgramOperand& operand : map->operands) joined.operands.push_back(operand);
  for (ScalarOperation& operation : joined.operations) {
    for (int64_t& argument : operation.arguments) {
      if (argument < 0) continue;
      const ProgramOperand& own = map->operands[static_cast<size_t>(argument)];
      argument = !own.is_constant() && own.source == value ? 0 : argument + 1;
    }
  }
  joined.out = map->out;
  tidy(joined.operands, joined.operations, 1);
  program.steps[reader] = std::move(joined);
  program.steps.erase(program.steps.begin() + static_cast<int64_t>(i));
  return true;
}

// A product writes a map that copies or rectifies its result itself.
bool join_product(Program& program, size_t i, const std::vector<std::vector<size_t>>& readers) {
  auto* product = std::get_if<ProductStep>(&program.steps[i]);
  if (product == nullptr || readers[product->out].size() != 1) return false;
  const size_t reader = readers[product->out].front();
  const auto* map = std::get_if<MapStep>(&program.steps[reader]);
  if (map == nullptr || map->operands.size() != 1 || map->operands.front().index.defined()) {
    return false;
  }
  const bool rectifies = map->operations.size() == 1 && map->operations[0].text == "nc_relu({0})";
  if (!map->operations.empty() && !rectifies) return false;
  if (element_count(program.values[map->out].shape) != product->weight.size(0)) return false;
  ProductStep joined = *product;
  joined.rectified = joined.rectified || rectifies;
  joined.out = map->out;
  program.steps[reader] = std::move(joined);
  program.steps.erase(program.steps.begin() + static_cast<int64_t>(i));
  return true;
}

template <typename Change>
void repeat(Program& program, Change change) {
  for (bool changed = true; changed;) {
    changed = false;
    const auto readers = readers_of(program);
    for (size_t i = program.steps.size(); i-- > 0 && !changed;) changed = change(i, readers);
  }
}

}  // namespace

at::Tensor per_plane(const at::Tensor& tensor, int64_t axis) {
  if (axis >= tensor.dim()) return tensor.numel() == 1 ? tensor.flatten() : at::Tensor();
  at::Tensor first = tensor;
  for (int64_t other = 0; other < tensor.dim(); ++other) {
    if (other != axis) first = first.slice(other, 0, 1);
  }
  return first.expand(tensor.sizes()).equal(tensor) ? first.flatten() : at::Tensor();
}

Program fuse(Program program) {
  const auto readers = readers_of(program);
  for (size_t i = 0; i < program.steps.size(); ++i) {
    auto* map = std::get_if<MapStep>(&program.steps[i]);
    for (size_t k = 0; k < i && map != nullptr; ++k) {
      const ValueId value = written_by(program.steps[k]);
      if (readers[value].size() == 1 && readers[value].front() == i) {
        absorb_constants(*map, value, program.steps[k]);
      }
    }
  }
  for (Step& step : program.steps) {
    auto* map = std::get_if<MapStep>(&step);
    if (map != nullptr && !map->operations.empty()) tidy(map->operands, map->operations, 0);
  }
  repeat(program, [&](size_t i, const auto& now) { return join_reader(program, i, now); });
  repeat(program, [&](size_t i, const auto& now) {
    return join_producer(program, i, now) || join_product(program, i, now);
  });
  return program;
}

}  // namespace ncprune
