#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "ncprune/base/error.h"
#include "ncprune/compile/convolution_parts.h"
#include "ncprune/compile/lowering.h"
#include "ncprune/compile/passes.h"
#include "ncprune/compile/source_writer.h"

namespace ncprune {
namespace {

struct ConvolutionKernel {
  std::string name;
  bool ends_rows;  // can zero the gap of eight floats behind every row
};

// The kernel for the block's rows, the types and the layout; adds what defines it. `whole_lines`:
// whether it may read and write whole lines of the cache; `at_lines`: whether every vector that it
// then reads is one line.
ConvolutionKernel convolution_kernel(SourceWriter& writer, int64_t rows, bool short_distances,
                                     const ValueLayout& layout, bool whole_lines, bool at_lines) {
  const bool half = writer.weights() == WeightType::kHalf;
  const int64_t vectors = layout.columns / 8;  // of a row
  std::string lie = "ALONG_ROWS(";
  std::string kind = "along";
  const bool short_gaps = layout.row_stride - layout.columns == 8;
  bool ends_rows = false;
  // Whether whole lines are faster although vectors are read from two: where the layout's own
  // kernel has vectors of 8, and most of a line belongs to the rows.
  bool across_lines = false;
  if (layout.lead == kRowsLead && layout.columns == 7) {
    lie = "SHORT_ROWS(";
    kind = "short_rows";
  } else if (layout.lead == kRowsLead && rows == 1 && (vectors <= 4 || vectors == 7)) {
    lie = fmt::format("ROWS_OF({}, ", vectors);
    kind = fmt::format("rows_of_{}", vectors);
    ends_rows = short_gaps;
    across_lines = vectors % 2 == 1;
  } else if (layout.lead == kRowsLead) {
    lie = "BY_ROWS(";
    kind = "by_rows";
    across_lines = true;
  } else if (layout.lead > 0 && layout.columns <= 8) {
    lie = "IN_LINES(";
    kind = "in_lines";
    ends_rows = short_gaps && layout.columns == 8;
  } else if (layout.lead > 0) {
    lie = "IN_HALVES(";
    kind = "in_halves";
    across_lines = true;
  }
  // Lines that are half empty gain nothing.
  const bool wide = whole_lines && layout.lead > 0 && kind != "in_lines";
  if (wide && (rows > 1 || at_lines || across_lines)) {
    lie.insert(0, "WIDE_");
    kind.insert(0, "wide_");
  }
  std::string name = fmt::format("nc_convolve_{}_{}_{}_{}", kind, rows, short_distances ? 16 : 32,
                                 half ? "half" : "float");
  const int widths = rows == 1 ? 8 : rows == 2 ? 6 : 3;
  writer.use("convolution", fmt::format("NC_{}{}, {}, {}, {}, {})", lie, name, rows, widths,
                                        short_distances ? "uint16_t" : "int32_t",
                                        half ? "uint16_t, nc_half" : "float, NC_FLOAT"));
  return {name, ends_rows};
}

// What the kernels do with the sums themselves.
struct BuiltInFinish {
  int64_t added = -1;  // operand
  int activation = 0;
  std::string low = "0.0f";
  std::string high = "0.0f";
};

// The number in "function({0}, number)"; empty if the text is something else.
std::string bound_in(const std::string& text, const std::string& function) {
  const std::string head = function + "({0}, ";
  return text.starts_with(head) ? text.substr(head.size(), text.size() - head.size() - 1) : "";
}

// Empty if the operations are others than a sum and a bound.
std::optional<BuiltInFinish> built_in_finish(const ConvolutionStep& step,
                                             const std::vector<RowOperand>& rows) {
  BuiltInFinish finish;
  int64_t now = 0;
  size_t i = 0;
  const auto& operations = step.operations;
  if (i < operations.size() && operations[i].text == "({0} + {1})") {
    const auto& arguments = operations[i].arguments;
    const int64_t other = arguments[0] == now ? arguments[1] : arguments[0];
    if ((arguments[0] != now && arguments[1] != now) || other <= 0 ||
        rows[static_cast<size_t>(other)].base < 0) {
      return {};
    }
    finish.added = other;
    now = -static_cast<int64_t>(++i);
  }
  const auto applies = [&](size_t k) {
    return operations[k].arguments == std::vector<int64_t>{now};
  };
  if (i < operations.size() && applies(i) && operations[i].text == "nc_relu({0})") {
    finish.activation = 1;
    ++i;
  } else if (i < operations.size() && applies(i)) {
    const std::string low = bound_in(operations[i].text, "nc_at_least");
    if (low.empty()) return {};
    finish = {finish.added, 2, low, "INFINITY"};
    now = -static_cast<int64_t>(++i);
    if (i < operations.size() && applies(i)) {
      const std::string high = bound_in(operations[i].text, "nc_at_most");
      if (high.empty()) return {};
      finish.high = high;
      ++i;
    }
  }
  return i == operations.size() ? std::optional(finish) : std::nullopt;
}

// A function that applies the operations to a piece of a row that was just written; its name.
std::string finish_function(SourceWriter& writer, const ConvolutionStep& step,
                            const std::vector<RowOperand>& rows) {
  const ValueLayout& layout = writer.value(step.out).layout;
  std::vector<std::string> arguments{"row[i]"};
  std::string setup;
  for (size_t k = 1; k < rows.size(); ++k) {
    setup += rows[k].setup;
    arguments.push_back(rows[k].text);
  }
  const ExpressionText text = expression_text(step.operations, arguments);
  std::string result = text.result;
  if (layout.clean) {
    setup +=
        fmt::format("    const int32_t* restrict mask = {} + position;\n", writer.mask(layout));
    result = fmt::format("mask[i] ? {} : 0.0f", result);
  }
  std::string name = writer.fresh("finish");
  writer.add_function(
      fmt::format("static void {}(float* restrict row, int plane, int position, int count, const "
                  "float* ws) {{\n"
                  "    (void)plane;\n    (void)position;\n    (void)ws;\n{}"
                  "    for (int i = 0; i < count; ++i) {{ {}row[i] = {}; }}\n}}\n\n",
                  name, setup, text.statements, result));
  return name;
}

// Whether a kernel may read and write the whole lines that the rows of the operands and of the
// result lie in.
bool has_whole_lines(const SourceWriter& writer, const ConvolutionStep& step,
                     const std::vector<RowOperand>& rows) {
  const ValueLayout& layout = writer.value(step.out).layout;
  for (size_t k = 1; k < rows.size(); ++k) {
    if (!rows[k].along) continue;
    if (rows[k].base < layout.lead) return false;  // a constant, or a part of a value
    const int64_t last = rows[k].base - layout.lead + (layout.planes - 1) * rows[k].stride;
    const ValueLayout& source = writer.value(step.operands[k].source).layout;
    if (last + layout.lines() * 16 > source.size) return false;
  }
  return true;
}

// How the operands of a convolution follow the rows of its result; the first is the result.
std::vector<RowOperand> row_operands(SourceWriter& writer, const ConvolutionStep& step) {
  std::vector<RowOperand> rows(step.operands.size());
  for (size_t k = 1; k < rows.size(); ++k) {
    rows[k] = row_operand(writer, step.operands[k], writer.value(step.out).layout, k);
    if (!rows[k].regular) throw std::logic_error("an operand does not follow the rows");
  }
  return rows;
}

void write_windows(SourceWriter& writer, const ConvolutionStep& step) {
  const ValueLayout& in = writer.value(step.in).layout;
  const ValueLayout& out = writer.value(step.out).layout;
  const PlaneWindows& windows = *step.windows;
  const std::vector<RowOperand> rows = row_operands(writer, step);
  auto built_in = built_in_finish(step, rows);
  if (built_in && built_in->added > 0) built_in.reset();
  const std::string finish = built_in ? "0" : finish_function(writer, step, rows);
  const BuiltInFinish plain = built_in.value_or(BuiltInFinish{});
  const bool half = writer.weights() == WeightType::kHalf;
  const std::string kernel =
      fmt::format("nc_depthwise_{}_{}_{}_{}_{}", windows.kernel[0], windows.kernel[1],
                  windows.stride[1], windows.dilation[1], half ? "half" : "float");
  writer.use("depthwise",
             fmt::format("NC_DEPTHWISE({}, {}, {}, {}, {}, {})", kernel, windows.kernel[0],
                         windows.kernel[1], windows.stride[1], windows.dilation[1],
                         half ? "uint16_t, nc_half" : "float, NC_FLOAT"));
  const std::string name = writer.fresh("depthwise");
  writer.add_function(fmt::format(
      "static const struct nc_depthwise {} = {{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, "
      "{}, {{{}, {}}}, {}, {}, {}, {}, {}}};\n\n",
      name, writer.weight_array(step.weight), writer.floats(step.bias), out.planes,
      out.planes / step.groups, out.rows, out.columns, windows.size[0], windows.size[1],
      in.plane_stride, in.row_stride, out.plane_stride, out.row_stride, windows.stride[0],
      windows.dilation[0], windows.pad[0], windows.pad[1], out.used, plain.activation, plain.low,
      plain.high, finish));
  if (out.clean) writer.clear_gaps(step.out, Gaps::kAll);
  writer.add_call(fmt::format("{}(&{}, {}, {}, ws);", kernel, name,
                              writer.memory(step.in, in.origin),
                              writer.memory(step.out, out.origin)));
}

}  // namespace

void write_convolution(SourceWriter& writer, const ConvolutionStep& step) {
  if (step.windows) return write_windows(writer, step);
  const ProgramValue& in = writer.value(step.in);
  const ProgramValue& out = writer.value(step.out);
  if (step.weight.size(0) > kMaxShort || step.weight.size(1) > kMaxShort) {
    throw InputError("a layer has more than 65535 outputs or inputs of each");
  }
  const PartedConvolution all = parted(step, in.layout, out.layout);
  std::vector<int64_t> distances;
  for (const ConvolutionPart& part : all.parts) {
    distances.insert(distances.end(), part.distances.begin(), part.distances.end());
  }
  const bool short_distances =
      std::all_of(distances.begin(), distances.end(), [](int64_t d) { return d <= kMaxShort; });
  const std::vector<RowOperand> rows = row_operands(writer, step);
  const bool at_lines = std::all_of(distances.begin(), distances.end(),
                                    [&](int64_t d) { return (d + all.first) % 16 == 0; });
  const ConvolutionKernel kernel = convolution_kernel(
      writer, all.rows, short_distances, out.layout, has_whole_lines(writer, step, rows), at_lines);
  const auto built_in = built_in_finish(step, rows);
  const std::string finish = built_in ? "0" : finish_function(writer, step, rows);
  const BuiltInFinish plain = built_in.value_or(BuiltInFinish{});
  const bool adds = plain.added > 0;

  const bool zeroes_gaps = out.layout.clean && kernel.ends_rows && !writer.has_clean_gaps(step.out);
  // Kernels that go from row to row leave out what lies between their rows, or zero it themselves.
  if (out.layout.clean) {
    writer.clear_gaps(step.out, out.layout.lead == 0 ? Gaps::kBehindUsed
                                : zeroes_gaps        ? Gaps::kBehindRows
                                                     : Gaps::kAll);
  }
  const std::string added =
      adds ? writer.memory(step.operands[static_cast<size_t>(plain.added)].source,
                           rows[static_cast<size_t>(plain.added)].base)
           : "0";
  const std::string mask = out.layout.clean && built_in ? writer.mask(out.layout) : "0";
  const std::string result = writer.memory(step.out, out.layout.origin);
  for (const ConvolutionPart& part : all.parts) {
    const bool first = &part == &all.parts.front();
    const bool last = &part == &all.parts.back();
    const int64_t added_stride = adds ? rows[static_cast<size_t>(plain.added)].stride : 0;
    const std::string name = writer.fresh("convolution");
    writer.add_function(fmt::format(
        "static const struct nc_convolution {} = {{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, "
        "{}, {}, {}, {}, {}, {}, {}, {}, {}, {}}};\n\n",
        name, writer.weight_array(part.weights),
        writer.integers(part.distances, short_distances ? "uint16_t" : "int32_t"),
        writer.integers(part.columns, "uint16_t"), writer.floats(part.bias),
        writer.integers(part.outputs, "uint16_t"), part.columns.size(), out.layout.planes,
        out.layout.used / 16, out.layout.rows, all.tile,
        std::max<int64_t>(out.layout.columns - 8, 0), out.layout.row_stride, out.layout.columns / 8,
        out.layout.lead, out.layout.lines(), last && zeroes_gaps ? 1 : 0, out.layout.plane_stride,
        first ? added_stride : out.layout.plane_stride, last ? plain.activation : 0, plain.low,
        plain.high, last ? finish : "0"));
    writer.add_call(fmt::format("{}(&{}, (struct nc_rows){{{}, {}, {}, {}, ws, 0}});", kernel.name,
                                name, writer.memory(step.in, in.layout.origin + all.first), result,
                                first ? added : result, last ? mask : "0"));
  }
}

}  // namespace ncprune
