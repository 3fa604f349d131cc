#include <fmt/format.h>

#include <algorithm>

#include "ncprune/compile/passes.h"
#include "ncprune/compile/source_writer.h"

namespace ncprune {
namespace {

int64_t distance(const at::Tensor& places, int64_t axis) {
  if (places.size(axis) < 2) return 0;
  at::Tensor pair = places.slice(axis, 0, 2);
  for (int64_t other = 0; other < places.dim(); ++other) {
    if (other != axis) pair = pair.slice(other, 0, 1);
  }
  const at::Tensor flat = pair.flatten();
  return (flat[1] - flat[0]).item<int64_t>();
}

// [planes, rows, columns] of a value [1, C, rows, columns] or [1, C, columns].
at::Tensor plane_places(const at::Tensor& places) {
  return places.reshape({places.size(1), -1, places.size(-1)});
}

void write_phases(SourceWriter& writer, const PhasesStep& step) {
  const at::Tensor in = plane_places(memory_offsets(writer.program(), step.in));
  const ValueLayout& out = writer.value(step.out).layout;
  std::vector<int64_t> phases;
  for (const auto& [row, column] : step.phases) {
    phases.push_back(row);
    phases.push_back(column);
  }
  if (out.clean) writer.clear_gaps(step.out, Gaps::kBehindRows);
  const int64_t gap = out.clean ? out.row_stride - out.columns : 0;
  const std::string kernel =
      fmt::format("nc_split_phases_{}_{}_{}", step.stride[1], out.columns, gap);
  writer.use("phases", fmt::format("NC_SPLIT_PHASES({}, {}, {}, {})", kernel, step.stride[1],
                                   out.columns, gap));
  const std::string name = writer.fresh("phases");
  writer.add_function(fmt::format(
      "static const struct nc_phases {} = {{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}}};\n\n",
      name, in.size(0), in.size(1), in.size(2), distance(in, 0), distance(in, 1), step.stride[0],
      step.phases.size(), writer.integers(phases, "int32_t"), out.rows, out.row_stride,
      out.plane_stride));
  writer.add_call(fmt::format("{}(&{}, {}, {});", kernel, name,
                              writer.memory(step.in.source, in.flatten()[0].item<int64_t>()),
                              writer.memory(step.out, out.origin)));
}

void write_pool(SourceWriter& writer, const PoolStep& step) {
  const at::Tensor in = plane_places(memory_offsets(writer.program(), step.in));
  const at::Tensor out = plane_places(memory_offsets(writer.value(step.out)));
  const PlaneWindows& windows = step.windows;
  if (writer.value(step.out).layout.clean) writer.clear_gaps(step.out, Gaps::kAll);
  // How many floats the windows of one row cover, the padding before the row included.
  const int64_t line =
      (out.size(2) - 1) * windows.stride[1] + (windows.kernel[1] - 1) * windows.dilation[1] + 1;
  const int64_t columns = std::clamp<int64_t>(line - windows.pad[1], 0, in.size(2));
  const std::string shape =
      fmt::format("{}, {}, {}, {}, {}, {}, {}", line, windows.pad[1], columns, out.size(2),
                  windows.kernel[1], windows.stride[1], windows.dilation[1]);
  std::string kernel = fmt::format("nc_pool_{}_{}", step.maximum ? "largest" : "mean", shape);
  std::erase(kernel, ' ');
  std::replace(kernel.begin(), kernel.end(), ',', '_');
  writer.use("pool", fmt::format("NC_POOL({}, {}, {})", kernel,
                                 step.maximum ? "nc_larger, -INFINITY" : "nc_sum, 0.0f", shape));
  const std::string name = writer.fresh("pool");
  writer.add_function(fmt::format(
      "static const struct nc_pool {} = {{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}}};\n\n",
      name, out.size(0), out.size(1), in.size(1), distance(in, 0), distance(in, 1),
      distance(out, 0), distance(out, 1), windows.kernel[0], windows.stride[0], windows.dilation[0],
      windows.pad[0], step.maximum ? "0" : writer.floats(step.divisor)));
  writer.add_call(fmt::format("{}(&{}, {}, {}, {});", kernel, name,
                              writer.memory(step.in.source, in.flatten()[0].item<int64_t>()),
                              writer.memory(step.out, out.flatten()[0].item<int64_t>()),
                              writer.scratch(line)));
}

struct MatrixPlaces {
  std::string start;
  at::Tensor places;  // [batch, rows, columns]
};

MatrixPlaces matrix_places(SourceWriter& writer, const ProgramOperand& operand) {
  if (!operand.is_constant()) {
    return {writer.memory(operand.source), memory_offsets(writer.program(), operand)};
  }
  return {writer.floats(operand.constant),
          at::arange(operand.constant.numel(), at::kLong).reshape(operand.shape)};
}

void write_matrices(SourceWriter& writer, const MatrixProductStep& step) {
  const MatrixPlaces left = matrix_places(writer, step.left);
  const MatrixPlaces right = matrix_places(writer, step.right);
  writer.use("other");
  const std::string name = writer.fresh("matrices");
  writer.add_function(
      fmt::format("static const struct nc_matrices {} = {{{}, {}, {}, {}, {}, {}, {}}};\n\n", name,
                  step.rows, step.inner, step.columns, distance(left.places, 1),
                  distance(left.places, 2), distance(right.places, 1), step.columns));
  const auto starts = [](const at::Tensor& places) {
    const at::Tensor first = places.select(1, 0).select(1, 0).contiguous();
    const auto view = elements<int64_t>(first);
    return std::vector<int64_t>(view.begin(), view.end());
  };
  writer.add_call(
      fmt::format("for (int b = 0; b < {}; ++b) nc_multiply(&{}, {} + {}[b], {} + {}[b], {} + "
                  "(ptrdiff_t)b * {});",
                  step.batch, name, left.start, writer.integers(starts(left.places), "int32_t"),
                  right.start, writer.integers(starts(right.places), "int32_t"),
                  writer.memory(step.out), step.rows * step.columns));
}

void write_resampling(SourceWriter& writer, const ResampleStep& step) {
  writer.use("other");
  const auto view = elements<int64_t>(step.index);
  const std::string name = writer.fresh("resample");
  writer.add_function(fmt::format(
      "static const struct nc_resample {} = {{{}, {}, {}, {}, {}, {}, {}}};\n\n", name, step.outer,
      step.in_size, step.out_size, step.inner, step.taps,
      writer.integers({view.begin(), view.end()}, "int32_t"), writer.floats(step.weight)));
  const int64_t first = memory_offsets(writer.program(), step.in).flatten()[0].item<int64_t>();
  writer.add_call(fmt::format("nc_resample_axis(&{}, {}, {});", name,
                              writer.memory(step.in.source, first), writer.memory(step.out)));
}

}  // namespace

void write_other(SourceWriter& writer, const Step& step) {
  if (const auto* phases = std::get_if<PhasesStep>(&step)) write_phases(writer, *phases);
  if (const auto* pool = std::get_if<PoolStep>(&step)) write_pool(writer, *pool);
  if (const auto* matrices = std::get_if<MatrixProductStep>(&step))
    write_matrices(writer, *matrices);
  if (const auto* resample = std::get_if<ResampleStep>(&step)) write_resampling(writer, *resample);
}

}  // namespace ncprune
