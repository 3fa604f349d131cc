#include "ncprune/compile/lowering.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/randn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ncprune/base/error.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/model/operators.h"

namespace ncprune {
namespace {

bool is_number_like(at::ScalarType type) {
  return type == at::kFloat || type == at::kBool;
}

const Lowering* lowering_of(const Node& node) {
  if (!node.domain.empty()) return nullptr;
  const std::vector<Lowering>& table = lowerings();
  const auto found = std::find_if(table.begin(), table.end(), [&](const Lowering& entry) {
    return entry.name == node.op_type;
  });
  return found == table.end() ? nullptr : &*found;
}

at::Tensor sample_input(const Network& network) {
  std::vector<int64_t> shape = network.input.shape;
  shape.front() = 1;
  if (std::any_of(shape.begin(), shape.end(), [](int64_t size) { return size < 1; })) {
    throw InputError(fmt::format("samples of shape [{}]: only the batch may have no fixed size",
                                 fmt::join(network.input.shape, ", ")));
  }
  if (network.input.type != at::kFloat) {
    throw InputError("the network takes whole numbers, such as tokens; compile takes floats");
  }
  return at::randn(shape);
}

}  // namespace

int64_t element_count(const std::vector<int64_t>& shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
}

ProgramOperand whole_value(ValueId value, const std::vector<int64_t>& shape) {
  return {.source = value, .shape = shape};
}

ProgramOperand reshaped(ProgramOperand operand, const std::vector<int64_t>& shape) {
  if (operand.is_constant()) operand.constant = operand.constant.reshape(shape);
  if (operand.index.defined()) operand.index = operand.index.reshape(shape);
  operand.shape = shape;
  return operand;
}

ProgramOperand selected(const ProgramOperand& operand, const at::Tensor& index) {
  ProgramOperand result = operand;
  result.shape = index.sizes().vec();
  if (operand.is_constant()) {
    result.constant =
        operand.constant.flatten().index_select(0, index.flatten()).view(result.shape);
    return result;
  }
  result.index = operand.index.defined()
                     ? operand.index.flatten().index_select(0, index.flatten()).view(result.shape)
                     : index;
  const int64_t count = index.numel();
  if (count == element_count(operand.shape) &&
      result.index.flatten().equal(at::arange(count, at::kLong)) && !operand.index.defined()) {
    result.index = at::Tensor();
  }
  return result;
}

ProgramOperand broadcast_to(const ProgramOperand& operand, const std::vector<int64_t>& shape) {
  if (operand.shape == shape) return operand;
  ProgramOperand result = operand;
  result.shape = shape;
  if (operand.is_constant()) {
    result.constant = operand.constant.expand(shape);
    return result;
  }
  const at::Tensor index =
      operand.index.defined() ? operand.index : at::arange(element_count(operand.shape), at::kLong);
  result.index = index.reshape(operand.shape).expand(shape);
  if (element_count(operand.shape) == element_count(shape)) {
    return reshaped(operand, shape);  // only axes of size 1 were added
  }
  return result;
}

std::string c_number(double value) {
  const auto number = static_cast<float>(value);
  if (std::isnan(number)) return "NAN";
  if (std::isinf(number)) return number > 0 ? "INFINITY" : "-INFINITY";
  std::string text = fmt::format("{}", number);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return number < 0 ? fmt::format("({}f)", text) : text + "f";
}

ProgramBuilder::ProgramBuilder(const Network& network) : network_(network) {
  const at::NoGradGuard no_grad;
  const at::Tensor input = sample_input(network);
  shapes_[network.input.name] = input.sizes().vec();
  types_[network.input.name] = at::kFloat;
  for (const auto& [name, tensor] : network.initializers) constants_[name] = tensor;
  const std::vector<std::string> wanted{network.output.name};
  PartialRun place = begin_run(network, input);
  for (size_t i = 0; i < network.nodes.size(); ++i) {
    const Node& node = network.nodes[i];
    place = go_on(network, std::move(place), {wanted, i + 1});
    const bool fixed =
        node.op_type == "Shape" || node.op_type == "Size" ||
        std::all_of(node.inputs.begin(), node.inputs.end(), [&](const std::string& name) {
          return name.empty() || constants_.contains(name);
        });
    for (const std::string& name : node.outputs) {
      const auto found = place.values.find(name);
      if (found == place.values.end()) continue;
      if (found->second.numel() == 0) refuse(node, "computes a value without elements");
      shapes_[name] = found->second.sizes().vec();
      types_[name] = found->second.scalar_type();
      if (fixed && name != network.output.name) constants_[name] = found->second.contiguous();
    }
  }
  program_.input = add_value(shapes_.at(network.input.name));
  program_.values.front().place = Place::kInput;
  known_[network.input.name] = whole_value(program_.input, shapes_.at(network.input.name));
}

bool ProgramBuilder::has_input(const Node& node, size_t index) const {
  return index < node.inputs.size() && !node.inputs[index].empty();
}

bool ProgramBuilder::is_constant(const Node& node, size_t index) const {
  return has_input(node, index) && constants_.contains(node.inputs[index]);
}

at::Tensor ProgramBuilder::constant(const Node& node, size_t index) const {
  if (!has_input(node, index)) refuse(node, "too few inputs");
  const auto found = constants_.find(node.inputs[index]);
  if (found == constants_.end()) {
    refuse(node, fmt::format("input {} is computed; compile takes only a constant", index));
  }
  return found->second;
}

std::vector<at::Tensor> ProgramBuilder::constants(const Node& node) const {
  std::vector<at::Tensor> all;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    all.push_back(is_constant(node, i) ? constant(node, i) : at::Tensor());
  }
  return all;
}

ProgramOperand ProgramBuilder::operand(const Node& node, size_t index) const {
  if (!has_input(node, index)) refuse(node, "too few inputs");
  const std::string& name = node.inputs[index];
  if (const auto found = constants_.find(name); found != constants_.end()) {
    return {.constant = found->second.to(at::kDouble).contiguous(),
            .shape = found->second.sizes().vec()};
  }
  const auto found = known_.find(name);
  if (found == known_.end()) refuse(node, fmt::format("its input '{}' is not computed", name));
  if (!is_number_like(types_.at(name))) {
    refuse(node, fmt::format("computes with {}; compile takes only floats",
                             at::toString(types_.at(name))));
  }
  return found->second;
}

const std::vector<int64_t>& ProgramBuilder::shape_of(const std::string& value) const {
  return shapes_.at(value);
}

ValueId ProgramBuilder::add_value(const std::vector<int64_t>& shape) {
  program_.values.push_back({.shape = shape});
  return program_.values.size() - 1;
}

void ProgramBuilder::define(const Node& node, ProgramOperand operand, size_t index) {
  const std::string& name = node.outputs.at(index);
  if (!shapes_.contains(name) || operand.shape != shapes_.at(name)) {
    refuse(node, "its shape is not what the interpreter computes");
  }
  known_[name] = std::move(operand);
}

ValueId ProgramBuilder::define_value(const Node& node) {
  const std::vector<int64_t>& shape = shape_of(node.outputs.front());
  const ValueId out = add_value(shape);
  define(node, whole_value(out, shape));
  return out;
}

ProgramOperand ProgramBuilder::map(const std::vector<int64_t>& shape,
                                   std::vector<ProgramOperand> operands,
                                   std::vector<ScalarOperation> operations) {
  for (ProgramOperand& operand : operands) operand = broadcast_to(operand, shape);
  const ValueId out = add_value(shape);
  add(MapStep{out, std::move(operands), std::move(operations)});
  return whole_value(out, shape);
}

ValueId ProgramBuilder::whole(const ProgramOperand& operand) {
  const bool complete = !operand.is_constant() && !operand.index.defined();
  if (complete && program_.values[operand.source].shape == operand.shape) return operand.source;
  return map(operand.shape, {operand}, {}).source;
}

Program ProgramBuilder::finish() {
  for (const Node& node : network_.nodes) {
    const bool computed =
        std::any_of(node.outputs.begin(), node.outputs.end(), [&](const std::string& name) {
          return shapes_.contains(name) && !constants_.contains(name);
        });
    if (!computed) continue;
    const Lowering* lowering = lowering_of(node);
    if (lowering == nullptr) refuse(node, "compile does not know this operator");
    lowering->lower(*this, node);
  }
  const auto scores = known_.find(network_.output.name);
  if (scores == known_.end()) throw InputError("the class scores do not depend on the input");
  program_.output = add_value(scores->second.shape);
  program_.values.back().place = Place::kOutput;
  add(MapStep{program_.output, {scores->second}, {}});
  return std::move(program_);
}

}  // namespace ncprune
