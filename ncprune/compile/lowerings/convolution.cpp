// Conv over one or two spatial axes. A strided convolution is one of stride 1 over the phases of
// its input: phase (a, b) holds every `stride`-th element from row a and column b on. Depthwise, it
// reads every element once or twice, for which copies take too long where rows are long.
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

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

// The first plane of each phase that a value has side by side.
struct Phases {
  ValueId value;
  std::map<std::pair<int64_t, int64_t>, int64_t> first_plane;
};

Phases phases_of(const PhasesStep& step) {
  Phases phases{step.out, {}};
  for (size_t p = 0; p < step.phases.size(); ++p) {
    phases.first_plane[step.phases[p]] = static_cast<int64_t>(p) * step.in.shape[1];
  }
  return phases;
}

// The phases that the taps read; those that another convolution already reads if there are such.
Phases split_phases(ProgramBuilder& builder, const ProgramOperand& x, const PlaneWindows& windows) {
  std::set<std::pair<int64_t, int64_t>> wanted;
  for (int64_t i = 0; i < windows.kernel[0]; ++i) {
    for (int64_t j = 0; j < windows.kernel[1]; ++j) {
      wanted.emplace(phased_tap(windows, 0, i).phase, phased_tap(windows, 1, j).phase);
    }
  }
  for (const Step& step : builder.steps()) {
    const auto* other = std::get_if<PhasesStep>(&step);
    if (other == nullptr || other->in.source != x.source || other->in.index.defined() ||
        x.index.defined() || other->in.shape != x.shape ||
        !std::equal(other->stride, other->stride + 2, windows.stride)) {
      continue;
    }
    const std::set<std::pair<int64_t, int64_t>> has(other->phases.begin(), other->phases.end());
    if (std::includes(has.begin(), has.end(), wanted.begin(), wanted.end())) {
      return phases_of(*other);
    }
  }
  // A phase beyond a small input has no elements: its taps see padding only.
  int64_t most[2] = {1, 1};
  const auto length = [&](size_t axis, int64_t phase) {
    return (windows.size[axis] - phase + windows.stride[axis] - 1) / windows.stride[axis];
  };
  for (const auto& [row, column] : wanted) {
    most[0] = std::max(most[0], length(0, row));
    most[1] = std::max(most[1], length(1, column));
  }
  const std::vector<int64_t> shape{1, x.shape[1] * std::ssize(wanted), most[0], most[1]};
  PhasesStep step{.in = x,
                  .out = builder.add_value(shape),
                  .stride = {windows.stride[0], windows.stride[1]},
                  .phases = {wanted.begin(), wanted.end()}};
  Phases phases = phases_of(step);
  builder.add(std::move(step));
  return phases;
}

at::Tensor bias_of(ProgramBuilder& builder, const Node& node, int64_t channels) {
  return builder.has_input(node, 2) ? builder.constant(node, 2).to(at::kDouble)
                                    : at::zeros({channels}, at::kDouble);
}

// Whether a depthwise convolution with strides is quicker where its input lies than in phases: rows
// are long, and a window is a few places, near enough for the compiled code's whole numbers.
bool is_quick_in_place(const PlaneWindows& windows, int64_t columns) {
  constexpr int64_t kLong = 16;
  constexpr int64_t kFew = 64;
  constexpr int64_t kNear = int64_t{1} << 16;
  for (size_t axis = 0; axis < 2; ++axis) {
    if (windows.kernel[axis] > kFew || windows.stride[axis] > kNear || windows.pad[axis] > kNear ||
        windows.dilation[axis] > kNear) {
      return false;
    }
  }
  return columns >= kLong && windows.kernel[0] * windows.kernel[1] <= kFew;
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
  if (strided && groups > 1 && weight.size(1) == 1 &&
      is_quick_in_place(windows, builder.shape_of(node.outputs.front()).back())) {
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
