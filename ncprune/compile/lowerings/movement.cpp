// Operators that only move elements. The interpreter moves the numbers of the elements, which says
// where each element of the result comes from; nothing is copied until another operator needs the
// elements side by side.
#include <ATen/ops/arange.h>
#include <ATen/ops/zeros.h>

#include "ncprune/compile/lowering.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/model/operators.h"

namespace ncprune::lowerings_files {
namespace {

void lower_movement(ProgramBuilder& builder, const Node& node) {
  const ProgramOperand x = builder.operand(node, 0);
  std::vector<at::Tensor> inputs = builder.constants(node);
  // Doubles, since Resize computes; they hold every index exactly.
  inputs.front() = at::arange(element_count(x.shape), at::kDouble).reshape(x.shape);
  for (size_t i = 1; i < inputs.size(); ++i) {
    if (builder.has_input(node, i)) builder.constant(node, i);  // refuses a computed one
  }
  const std::vector<at::Tensor> moved = run_node(node, inputs, {});
  for (size_t i = 0; i < node.outputs.size() && i < moved.size(); ++i) {
    if (node.outputs[i].empty()) continue;
    builder.define(node, selected(x, moved[i].round().to(at::kLong).contiguous()), i);
  }
}

// Reshape and its kin keep the order of the elements.
void lower_reshape(ProgramBuilder& builder, const Node& node) {
  builder.define(node, reshaped(builder.operand(node, 0), builder.shape_of(node.outputs.front())));
}

// Between floats and Booleans, which are 0 and 1.
void lower_cast(ProgramBuilder& builder, const Node& node) {
  constexpr int64_t kBoolean = 9;  // of ONNX
  const ProgramOperand x = builder.operand(node, 0);
  const bool boolean = node.integer("to", 0) == kBoolean;
  builder.define(node,
                 boolean ? builder.map(x.shape, {x}, {{"({0} != 0.0f ? 1.0f : 0.0f)", {0}}}) : x);
}

void lower_concat(ProgramBuilder& builder, const Node& node) {
  const std::vector<int64_t>& shape = builder.shape_of(node.outputs.front());
  const int64_t axis = axis_of(node, 0, static_cast<int64_t>(shape.size()));
  const at::Tensor places = at::arange(element_count(shape), at::kLong).reshape(shape);
  AssembleStep step{.out = builder.define_value(node), .parts = {}, .targets = {}};
  int64_t begin = 0;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const ProgramOperand part = builder.operand(node, i);
    const int64_t size = part.shape.at(static_cast<size_t>(axis));
    step.targets.push_back(places.slice(axis, begin, begin + size).contiguous());
    step.parts.push_back(part);
    begin += size;
  }
  builder.add(std::move(step));
}

// With a constant: where a pad of -1 stays, no element comes from the input.
void lower_pad(ProgramBuilder& builder, const Node& node) {
  if (node.text("mode", "constant") != "constant") return lower_movement(builder, node);
  const ProgramOperand x = builder.operand(node, 0);
  std::vector<at::Tensor> inputs = builder.constants(node);
  inputs.front() = at::arange(1, element_count(x.shape) + 1, at::kDouble).reshape(x.shape);
  const double fill = builder.has_input(node, 2) ? builder.constant(node, 2).item<double>() : 0;
  if (inputs.size() > 2) inputs[2] = at::zeros({}, at::kDouble);
  const at::Tensor moved = run_node(node, inputs, {}).front().flatten();
  const at::Tensor targets = moved.nonzero().flatten();
  const at::Tensor sources = moved.index_select(0, targets).to(at::kLong) - 1;
  AssembleStep step{.out = builder.define_value(node),
                    .parts = {selected(x, sources)},
                    .targets = {targets},
                    .fill = fill,
                    .fills = targets.numel() < moved.numel()};
  builder.add(std::move(step));
}

bool is_linear(const Node& node) {
  return node.text("mode", "nearest") != "nearest";
}

// Linear and cubic: along each axis the interpreter resizes the unit vectors.
void lower_resize(ProgramBuilder& builder, const Node& node) {
  if (!is_linear(node)) return lower_movement(builder, node);
  ProgramOperand x = builder.operand(node, 0);
  const std::vector<int64_t> in = x.shape;
  const std::vector<int64_t>& out = builder.shape_of(node.outputs.front());
  std::vector<at::Tensor> inputs = builder.constants(node);
  std::vector<int64_t> shape = in;
  for (size_t axis = 0; axis < in.size(); ++axis) {
    if (in[axis] == out[axis]) continue;
    // A ramp along the axis is enough to see one axis alone; the others are resized to constants.
    at::Tensor weight = at::zeros({out[axis], in[axis]}, at::kDouble);
    for (int64_t i = 0; i < in[axis]; ++i) {
      at::Tensor unit = at::zeros(in, at::kFloat);
      unit.select(static_cast<int64_t>(axis), i).fill_(1);
      inputs.front() = unit;
      at::Tensor column = run_node(node, inputs, {}).front();
      for (size_t other = in.size(); other-- > 0;) {
        if (other != axis) column = column.select(static_cast<int64_t>(other), 0);
      }
      weight.select(1, i).copy_(column);
    }
    const int64_t taps = weight.ne(0).sum(1).max().item<int64_t>();
    const auto [values, places] = weight.abs().topk(std::max<int64_t>(taps, 1), 1);
    shape[axis] = out[axis];
    int64_t outer = 1;
    int64_t inner = 1;
    for (size_t k = 0; k < axis; ++k) outer *= shape[k];
    for (size_t k = axis + 1; k < shape.size(); ++k) inner *= shape[k];
    const ValueId result = builder.add_value(shape);
    builder.add(ResampleStep{x, result, outer, in[axis], out[axis], inner, places.size(1),
                             places.contiguous(), weight.gather(1, places).to(at::kFloat)});
    x = whole_value(result, shape);
  }
  builder.define(node, x);
}

}  // namespace

std::vector<Lowering> movement() {
  std::vector<Lowering> list{
      {"Cast", lower_cast}, {"Concat", lower_concat}, {"Pad", lower_pad}, {"Resize", lower_resize}};
  for (const char* name : {"DepthToSpace", "Expand", "Gather", "GatherElements", "Slice",
                           "SpaceToDepth", "Split", "Tile", "Transpose"}) {
    list.push_back({name, lower_movement});
  }
  for (const char* name : {"Dropout", "Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze"}) {
    list.push_back({name, lower_reshape});
  }
  return list;
}

}  // namespace ncprune::lowerings_files
