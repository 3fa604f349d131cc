// Conv over one or two spatial axes. A strided convolution is one of stride 1 over the phases of
// its input: phase (a, b) holds every `stride`-th element from row a and column b on. Depthwise, it
// reads every element once or twice, for which copies take too long where rows are long.
#include <ATen/ops/arange.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "ncprune/compile/lowering.h"
#include "ncprune/model/operators.h"
#include "ncprune/model/windows.h"

namespace ncprune::lowerings_files {
namespace {

PlaneWindows plane_windows(const Node& node, const std::vector<int64_t>& shape,
                           at::IntArrayRef kernel) {
  const Windows windows = windows_over(node, shape, kernel);
  if (windows.axes() > 2) refuse(node, "three spatial axes; compile takes one or two");
  PlaneWindows plane{{1, 1}, {1, 1}, {1, 1}, {0, 0}, {1, 1}};
  for (size_t k = 0; k < windows.axes(); ++k) {
    const size_t to = 2 - windows.axes() + k;
    plane.kernel[to] = windows.kernel[k];
    plane.stride[to] = windows.strides[k];
    plane.dilation[to] = windows.dilations[k];
    plane.pad[to] = windows.pads_begin[k];
    plane.size[to] = shape[k + 2];
  }
  return plane;
}

// Where tap `k` of an axis lies: which phase it reads, and how many elements of it further.
struct PhasedTap {
  int64_t phase;
  int64_t distance;
};

PhasedTap phased_tap(const PlaneWindows& windows, size_t axis, int64_t k) {
  const int64_t stride = windows.stride[axis];
  const int64_t place = k * windows.dilation[axis] - windows.pad[axis];
  const int64_t phase = ((place % stride) + stride) % stride;
  return {phase, (place - phase) / stride};
}

// The phases that the taps read, side by side as planes, and the first plane of each.
struct Phases {
  ValueId value;
  std::map<std::pair<int64_t, int64_t>, int64_t> first_plane;
};

Phases split_phases(ProgramBuilder& builder, const ProgramOperand& x, const PlaneWindows& windows) {
  const int64_t channels = x.shape[1];
  const at::Tensor places = at::arange(element_count(x.shape), at::kLong)
                                .reshape({channels, windows.size[0], windows.size[1]});
  Phases phases{0, {}};
  std::vector<at::Tensor> sources;
  int64_t most[2] = {1, 1};
  for (int64_t i = 0; i < windows.kernel[0]; ++i) {
    for (int64_t j = 0; j < windows.kernel[1]; ++j) {
      const std::pair phase(phased_tap(windows, 0, i).phase, phased_tap(windows, 1, j).phase);
      // A phase beyond a small input has no elements: its taps see padding only.
      if (phases.first_plane.contains(phase)) continue;
      phases.first_plane[phase] = channels * static_cast<int64_t>(phases.first_plane.size());
      sources.push_back(places.slice(1, phase.first, windows.size[0], windows.stride[0])
                            .slice(2, phase.second, windows.size[1], windows.stride[1])
                            .contiguous());
      most[0] = std::max(most[0], sources.back().size(1));
      most[1] = std::max(most[1], sources.back().size(2));
    }
  }
  const int64_t planes = channels * static_cast<int64_t>(sources.size());
  const std::vector<int64_t> shape{1, planes, most[0], most[1]};
  AssembleStep step{.out = builder.add_value(shape), .parts = {}, .targets = {}};
  const at::Tensor targets =
      at::arange(element_count(shape), at::kLong).reshape({planes, most[0], most[1]});
  for (size_t p = 0; p < sources.size(); ++p) {
    const at::Tensor& from = sources[p];
    if (from.numel() < channels * most[0] * most[1]) step.fills = true;
    if (from.numel() == 0) continue;
    const auto first = static_cast<int64_t>(p) * channels;
    step.targets.push_back(targets.slice(0, first, first + channels)
                               .slice(1, 0, from.size(1))
                               .slice(2, 0, from.size(2))
                               .contiguous());
    step.parts.push_back(selected(x, from));
  }
  phases.value = step.out;
  builder.add(std::move(step));
  return phases;
}

at::Tensor bias_of(ProgramBuilder& builder, const Node& node, int64_t channels) {
  return builder.has_input(node, 2) ? builder.constant(node, 2).to(at::kDouble)
                                    : at::zeros({channels}, at::kDouble);
}

void lower_conv(ProgramBuilder& builder, const Node& node) {
  const ProgramOperand x = builder.operand(node, 0);
  const at::Tensor weight = builder.constant(node, 1).to(at::kFloat).contiguous();
  const at::Tensor bias = bias_of(builder, node, weight.size(0));
  const PlaneWindows windows = plane_windows(node, x.shape, weight.sizes().slice(2));
  const int64_t groups = node.integer("group", 1);
  const ValueId out = builder.define_value(node);
  const bool one_position = windows.size[0] * windows.size[1] == 1 && groups == 1 &&
                            windows.kernel[0] * windows.kernel[1] == 1 && windows.pad[0] == 0 &&
                            element_count(builder.shape_of(node.outputs.front())) == weight.size(0);
  if (one_position) {
    return builder.add(ProductStep{x, out, weight.flatten(1), bias});
  }
  const bool strided = windows.stride[0] > 1 || windows.stride[1] > 1;
  constexpr int64_t kLong = 16;
  const bool long_rows = builder.shape_of(node.outputs.front()).back() >= kLong;
  if (strided && groups > 1 && weight.size(1) == 1 && long_rows) {
    return builder.add(ConvolutionStep{.in = builder.whole(x),
                                       .out = out,
                                       .axis = 1,
                                       .weight = weight.flatten(1),
                                       .bias = bias,
                                       .groups = groups,
                                       .taps = {},
                                       .windows = windows});
  }
  const Phases phases =
      strided ? split_phases(builder, x, windows) : Phases{builder.whole(x), {{{0, 0}, 0}}};
  ConvolutionStep step{.in = phases.value,
                       .out = out,
                       .axis = 1,
                       .weight = weight.flatten(1),
                       .bias = bias,
                       .groups = groups,
                       .group_planes = weight.size(1),
                       .taps = {}};
  for (int64_t c = 0; c < weight.size(1); ++c) {
    for (int64_t i = 0; i < windows.kernel[0]; ++i) {
      for (int64_t j = 0; j < windows.kernel[1]; ++j) {
        const auto [row_phase, down] = phased_tap(windows, 0, i);
        const auto [column_phase, right] = phased_tap(windows, 1, j);
        step.taps.push_back({phases.first_plane.at({row_phase, column_phase}) + c, down, right});
      }
    }
  }
  builder.add(std::move(step));
}

// The taps of each position of an average that count: those on the value, or on value and padding,
// but never beyond.
std::vector<double> counted(const Windows& windows, size_t axis, int64_t size, bool with_padding) {
  std::vector<double> counts;
  for (int64_t p = 0; p < windows.positions[axis]; ++p) {
    double count = 0;
    for (int64_t k = 0; k < windows.kernel[axis]; ++k) {
      const int64_t place =
          p * windows.strides[axis] + k * windows.dilations[axis] - windows.pads_begin[axis];
      const bool inside = place >= 0 && place < size;
      const bool padding =
          place >= -windows.pads_begin[axis] && place < size + windows.pads_end[axis];
      if (inside || (with_padding && padding)) ++count;
    }
    counts.push_back(count);
  }
  return counts;
}

at::Tensor divisors(const Node& node, const std::vector<int64_t>& shape) {
  const Windows windows = windows_over(node, shape, {});
  const bool with_padding = node.integer("count_include_pad", 0) != 0;
  at::Tensor divisor = at::zeros({1}, at::kDouble) + 1;
  for (size_t axis = 0; axis < windows.axes(); ++axis) {
    const std::vector<double> counts = counted(windows, axis, shape[axis + 2], with_padding);
    at::Tensor own = at::zeros({static_cast<int64_t>(counts.size())}, at::kDouble);
    std::copy(counts.begin(), counts.end(), own.data_ptr<double>());
    divisor = divisor.unsqueeze(-1) * own;
  }
  return divisor.flatten().to(at::kFloat);
}

void lower_pool(ProgramBuilder& builder, const Node& node) {
  const ProgramOperand x = builder.operand(node, 0);
  const PlaneWindows windows = plane_windows(node, x.shape, {});
  PoolStep step{.in = x,
                .out = builder.define_value(node),
                .maximum = node.op_type == "MaxPool",
                .windows = windows,
                .divisor = {}};
  if (!step.maximum) step.divisor = divisors(node, x.shape);
  builder.add(std::move(step));
}

}  // namespace

std::vector<Lowering> convolution() {
  return {{"AveragePool", lower_pool}, {"Conv", lower_conv}, {"MaxPool", lower_pool}};
}

}  // namespace ncprune::lowerings_files
