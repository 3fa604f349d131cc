#include <ATen/ops/arange.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ncprune/compile/loop_nest.h"
#include "ncprune/compile/lowering.h"
#include "ncprune/compile/passes.h"
#include "ncprune/compile/source_writer.h"

namespace ncprune {
namespace {

// Without the axes along which a broadcast tensor repeats itself.
at::Tensor distinct_part(const at::Tensor& tensor) {
  at::Tensor part = tensor;
  for (int64_t axis = 0; axis < tensor.dim(); ++axis) {
    if (tensor.stride(axis) == 0) part = part.slice(axis, 0, 1);
  }
  return part.contiguous();
}

// What a loop reads or writes: C for the start of an array, and the places of the elements in it.
struct LoopArray {
  std::string start;
  at::Tensor places;    // int64
  std::string literal;  // instead of both, for one number
};

LoopArray loop_array(SourceWriter& writer, const ProgramOperand& operand) {
  if (operand.is_constant()) {
    const at::Tensor part = distinct_part(operand.constant);
    if (part.numel() == 1) return {"", {}, c_number(part.item<double>())};
    const at::Tensor places =
        at::arange(part.numel(), at::kLong).reshape(part.sizes()).expand(operand.shape);
    return {writer.floats(part), places, ""};
  }
  return {writer.memory(operand.source), memory_offsets(writer.program(), operand), ""};
}

// A loop nest as C: `arrays` become pointers p0, p1, ... to the elements of the innermost loop,
// which `inner` writes, given C for the element of every array; one function and its call.
struct NestText {
  std::string before;  // statements before the inner loops that write to one element
  std::string body;    // of the innermost loop; the element of array k is in elements[k]
  std::string after;   // behind those loops
};

using InnerText = NestText (*)(const std::vector<std::string>& elements,
                               const std::vector<int64_t>& strides, const void* context);

struct NestWriting {
  std::vector<LoopArray> arrays;  // the last one is written
  InnerText inner;
  const void* context;
};

std::string indexed(const std::string& pointer, int64_t stride) {
  if (stride == 0) return fmt::format("{}[0]", pointer);
  return stride == 1 ? fmt::format("{}[i]", pointer) : fmt::format("{}[i * {}]", pointer, stride);
}

void write_nest(SourceWriter& writer, const std::string& stem, const NestWriting& nest_writing) {
  std::vector<at::Tensor> places;
  for (const LoopArray& array : nest_writing.arrays) {
    if (array.literal.empty()) places.push_back(array.places);
  }
  LoopNest nest = loop_nest(places);
  if (nest.repeats == 0) return;
  if (nest.loops.empty()) {
    nest.loops.push_back({1, std::vector<int64_t>(places.size(), 0)});
  }
  std::string parameters;
  std::string arguments;
  const size_t last = places.size() - 1;
  const size_t tables = nest.repeats > 1 ? 1 : 0;
  const size_t depth = tables + nest.loops.size() - 1;  // loops around the innermost one
  const std::string name = writer.fresh(stem);
  std::vector<std::string> pointers;
  std::vector<std::string> elements_text;
  std::vector<int64_t> strides;
  size_t k = 0;
  for (const LoopArray& array : nest_writing.arrays) {
    if (!array.literal.empty()) {
      elements_text.push_back(array.literal);
      strides.push_back(0);
      continue;
    }
    const std::string type = k == last ? "float*" : "const float*";
    parameters += fmt::format("{}{} restrict a{}", k > 0 ? ", " : "", type, k);
    arguments += fmt::format("{}{} + {}", k > 0 ? ", " : "", array.start, nest.starts[k]);
    std::string place = fmt::format("a{}", k);
    if (tables > 0) {
      place += fmt::format(" + {}[i0]", writer.integers(nest.offsets[k], "int32_t"));
    }
    for (size_t l = 0; l + 1 < nest.loops.size(); ++l) {
      if (nest.loops[l].strides[k] != 0) {
        place += fmt::format(" + (ptrdiff_t)i{} * ({})", tables + l, nest.loops[l].strides[k]);
      }
    }
    pointers.push_back(fmt::format("{} p{} = {};", type, k, place));
    const int64_t stride = nest.loops.back().strides[k];
    elements_text.push_back(indexed(fmt::format("p{}", k), stride));
    strides.push_back(stride);
    ++k;
  }
  const NestText inner = nest_writing.inner(elements_text, strides, nest_writing.context);
  // The loops around those that write to one element.
  size_t outer = depth;
  if (nest.loops.back().strides[last] == 0) {
    while (outer > tables && nest.loops[outer - tables - 1].strides[last] == 0) --outer;
  }
  std::string code;
  const auto add_line = [&](size_t level, const std::string& line) {
    if (!line.empty()) code += fmt::format("{:{}}{}\n", "", 2 * level + 2, line);
  };
  for (size_t level = 0; level <= depth; ++level) {
    if (level == outer) {
      add_line(level, pointers[last]);
      add_line(level, inner.before);
    }
    if (level == depth) break;
    const int64_t count = level < tables ? nest.repeats : nest.loops[level - tables].count;
    add_line(level,
             fmt::format("for (int i{} = 0; i{} < {}; ++i{}) {{", level, level, count, level));
  }
  for (size_t p = 0; p < last; ++p) add_line(depth, pointers[p]);
  add_line(depth, fmt::format("for (int i = 0; i < {}; ++i) {{ {} }}", nest.loops.back().count,
                              inner.body));
  for (size_t level = depth + 1; level-- > 0;) {
    if (level == outer) add_line(level, inner.after);
    if (level > 0) add_line(level - 1, "}");
  }
  writer.add_function(
      fmt::format("static NC_NOINLINE void {}({}) {{\n{}}}\n\n", name, parameters, code));
  writer.add_call(fmt::format("{}({});", name, arguments));
}

NestText map_inner(const std::vector<std::string>& elements_text, const std::vector<int64_t>&,
                   const void* context) {
  const auto& operations = *static_cast<const std::vector<ScalarOperation>*>(context);
  const ExpressionText text = expression_text(operations, elements_text);
  return {"", fmt::format("{}{} = {};", text.statements, elements_text.back(), text.result), ""};
}

// The map as loops over planes and all positions of each, gaps included, if every operand allows
// it.
bool write_plane_map(SourceWriter& writer, const MapStep& step) {
  const ValueLayout& layout = writer.value(step.out).layout;
  if (layout.axis < 0) return false;
  std::string setup;
  std::vector<std::string> arguments;
  for (size_t k = 0; k < step.operands.size(); ++k) {
    const RowOperand row = row_operand(writer, step.operands[k], layout, k);
    if (!row.regular) return false;
    setup += row.setup;
    arguments.push_back(row.text);
  }
  const ExpressionText text = expression_text(step.operations, arguments);
  const std::string name = writer.fresh("map");
  std::string result = text.result;
  if (layout.clean) {
    writer.clear_gaps(step.out, Gaps::kBehindUsed);
    setup += fmt::format("    const int32_t* restrict mask = {};\n", writer.mask(layout));
    result = fmt::format("mask[i] ? {} : 0.0f", result);
  }
  writer.add_function(
      fmt::format("static NC_NOINLINE void {}(const float* input, float* output, float* ws) {{\n"
                  "  (void)input;\n  (void)output;\n"
                  "  for (int plane = 0; plane < {}; ++plane) {{\n    const int position = 0;\n    "
                  "(void)position;\n{}"
                  "    float* restrict row = {} + (ptrdiff_t)plane * {};\n"
                  "    for (int i = 0; i < {}; ++i) {{ {}row[i] = {}; }}\n  }}\n}}\n\n",
                  name, layout.planes, setup, writer.memory(step.out, layout.origin),
                  layout.plane_stride, layout.used, text.statements, result));
  writer.add_call(fmt::format("{}(input, output, ws);", name));
  return true;
}

LoopArray written_array(SourceWriter& writer, ValueId out) {
  return {writer.memory(out), memory_offsets(writer.value(out)), ""};
}

void write_map(SourceWriter& writer, const MapStep& step) {
  if (write_plane_map(writer, step)) return;
  if (writer.value(step.out).layout.clean) writer.clear_gaps(step.out, Gaps::kAll);
  NestWriting nest{{}, map_inner, &step.operations};
  for (const ProgramOperand& operand : step.operands) {
    nest.arrays.push_back(loop_array(writer, operand));
  }
  nest.arrays.push_back(written_array(writer, step.out));
  write_nest(writer, "map", nest);
}

void write_assembly(SourceWriter& writer, const AssembleStep& step) {
  const ProgramValue& out = writer.value(step.out);
  const at::Tensor places = memory_offsets(out).flatten();
  if (out.layout.clean) writer.clear_gaps(step.out, Gaps::kAll);
  static const std::vector<ScalarOperation> none;
  if (step.fills) {
    NestWriting nest{
        {{"", {}, c_number(step.fill)}, {writer.memory(step.out), places, ""}}, map_inner, &none};
    write_nest(writer, "fill", nest);
  }
  for (size_t k = 0; k < step.parts.size(); ++k) {
    const at::Tensor to = places.index_select(0, step.targets[k].flatten());
    NestWriting nest{
        {loop_array(writer, step.parts[k]), {writer.memory(step.out), to, ""}}, map_inner, &none};
    write_nest(writer, "copy", nest);
  }
}

const char* identity_of(ReductionKind kind) {
  switch (kind) {
    case ReductionKind::kSum:
      return "0.0f";
    case ReductionKind::kProduct:
      return "1.0f";
    case ReductionKind::kMax:
      return "-INFINITY";
    default:
      return "INFINITY";
  }
}

std::string combined(ReductionKind kind, const std::string& a, const std::string& b) {
  switch (kind) {
    case ReductionKind::kSum:
      return fmt::format("{} + {}", a, b);
    case ReductionKind::kProduct:
      return fmt::format("{} * {}", a, b);
    case ReductionKind::kMax:
      return fmt::format("nc_max({}, {})", a, b);
    default:
      return fmt::format("nc_min({}, {})", a, b);
  }
}

// Sixteen partial results let the loop become vectors without reordering the operations of each.
NestText reduction_inner(const std::vector<std::string>& elements_text,
                         const std::vector<int64_t>& strides, const void* context) {
  const auto& step = *static_cast<const ReductionStep*>(context);
  const ExpressionText text = expression_text(step.operations, elements_text);
  const std::string& out = elements_text.back();
  if (strides.back() != 0) {
    return {"",
            fmt::format("{}{} = {};", text.statements, out, combined(step.kind, out, text.result)),
            ""};
  }
  return {
      fmt::format("float part[16]; for (int j = 0; j < 16; ++j) part[j] = {};",
                  identity_of(step.kind)),
      fmt::format("{}part[i & 15] = {};", text.statements,
                  combined(step.kind, "part[i & 15]", text.result)),
      fmt::format("float whole = part[0]; for (int j = 1; j < 16; ++j) whole = {}; {} = {};",
                  combined(step.kind, "whole", "part[j]"), out, combined(step.kind, out, "whole"))};
}

void write_reduction(SourceWriter& writer, const ReductionStep& step) {
  static const std::vector<ScalarOperation> none;
  const LoopArray out = written_array(writer, step.out);
  if (writer.value(step.out).layout.clean) writer.clear_gaps(step.out, Gaps::kAll);
  NestWriting start{{{"", {}, identity_of(step.kind)}, out}, map_inner, &none};
  write_nest(writer, "start", start);
  NestWriting nest{{}, reduction_inner, &step};
  for (const ProgramOperand& operand : step.operands) {
    nest.arrays.push_back(loop_array(writer, operand));
  }
  const at::Tensor target = out.places.flatten().index_select(0, step.target.flatten());
  nest.arrays.push_back({out.start, target, ""});
  write_nest(writer, "reduce", nest);
  if (step.scale == 1) return;
  const std::vector<ScalarOperation> scaling{{"({0} * {1})", {1, 0}}};
  NestWriting scale{{{"", {}, c_number(step.scale)}, out}, map_inner, &scaling};
  write_nest(writer, "scale", scale);
}

}  // namespace

RowOperand row_operand(SourceWriter& writer, const ProgramOperand& operand,
                       const ValueLayout& layout, size_t index) {
  const std::string name = fmt::format("x{}", index);
  if (operand.is_constant()) {
    const at::Tensor part = distinct_part(operand.constant);
    if (part.numel() == 1) return {"", c_number(part.item<double>())};
    if (const at::Tensor planes = per_plane(operand.constant, layout.axis); planes.defined()) {
      return {fmt::format("    const float {} = {}[plane];\n", name, writer.floats(planes)), name};
    }
    // In the layout of the result, without gaps between planes.
    const at::Tensor rows = operand.constant.movedim(layout.axis, 0)
                                .reshape({layout.planes, layout.rows, layout.columns});
    const at::Tensor all = at::constant_pad_nd(rows, {0, layout.row_stride - layout.columns})
                               .reshape({layout.planes, -1});
    const at::Tensor used = at::constant_pad_nd(all, {0, layout.used - all.size(1)});
    return {.setup = fmt::format(
                "    const float* restrict {} = {} + (ptrdiff_t)plane * {} + position;\n", name,
                writer.floats(used), layout.used),
            .text = name + "[i]",
            .along = true};
  }
  const at::Tensor places = memory_offsets(writer.program(), operand)
                                .movedim(layout.axis, 0)
                                .reshape({layout.planes, layout.rows, layout.columns});
  const at::Tensor rows = at::arange(layout.rows, at::kLong).unsqueeze(1) * layout.row_stride +
                          at::arange(layout.columns, at::kLong);
  const at::Tensor first = places.slice(1, 0, 1).slice(2, 0, 1);
  const int64_t base = first[0].item<int64_t>();
  const int64_t stride = layout.planes > 1 ? first[1].item<int64_t>() - base : 0;
  const at::Tensor starts =
      (at::arange(layout.planes, at::kLong) * stride + base).reshape({-1, 1, 1});
  // The loop also visits the gaps after the last row, which must be memory of the source.
  const ProgramValue& source = writer.value(operand.source);
  const bool inside = source.place == Place::kWorkspace && stride >= 0 &&
                      base + (layout.planes - 1) * stride + layout.used <= source.layout.size;
  if (inside && places.equal(starts + rows)) {
    return {.setup = fmt::format(
                "    const float* restrict {} = {} + (ptrdiff_t)plane * {} + position;\n", name,
                writer.memory(operand.source, base), stride),
            .text = name + "[i]",
            .along = true,
            .base = base,
            .stride = stride};
  }
  if (places.equal(starts.expand(places.sizes()))) {
    return {fmt::format("    const float {} = {}[(ptrdiff_t)plane * {}];\n", name,
                        writer.memory(operand.source, base), stride),
            name};
  }
  return {.setup = "", .text = "", .regular = false};
}

void write_elementwise(SourceWriter& writer, const Step& step) {
  if (const auto* map = std::get_if<MapStep>(&step)) write_map(writer, *map);
  if (const auto* assembly = std::get_if<AssembleStep>(&step)) write_assembly(writer, *assembly);
  if (const auto* reduction = std::get_if<ReductionStep>(&step))
    write_reduction(writer, *reduction);
}

}  // namespace ncprune
