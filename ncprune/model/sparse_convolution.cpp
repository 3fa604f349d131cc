#include "ncprune/model/sparse_convolution.h"

#include <ATen/Parallel.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <utility>

#include "ncprune/model/sample_order.h"
#include "ncprune/model/sparse_convolution_kernels.h"

namespace ncprune {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

// How windows lie along one axis of the value that they read, or, for gradients, how the windows
// that read an element lie along it. A tap is an index in the kernel.
struct AxisRun {
  int64_t begin;  // position of the result
  int64_t step;   // between positions
  int64_t count;
  int64_t from;       // what the first tap reads at the first position
  int64_t from_step;  // between positions
  size_t taps;        // index of the taps that meet the value, at all of these positions
};

// Taps that meet the value.
struct AxisTaps {
  // By tap: elements from what the first of them reads; nothing for a tap that meets none.
  std::vector<std::optional<int64_t>> distances;
};

struct Axis {
  std::vector<AxisTaps> taps;
  std::vector<AxisRun> runs;
  int64_t positions;  // of the result
};

// `read(position, tap)` is the element that a tap reads, if there is one.
template <typename Read>
Axis axis_of_windows(int64_t positions, int64_t kernel, const Read& read) {
  std::map<std::vector<std::optional<int64_t>>, std::vector<int64_t>> alike;
  const auto first = [&](int64_t position) {
    int64_t tap = 0;
    while (tap < kernel && !read(position, tap)) ++tap;
    return tap < kernel ? *read(position, tap) : 0;
  };
  for (int64_t i = 0; i < positions; ++i) {
    std::vector<std::optional<int64_t>> distances;
    for (int64_t tap = 0; tap < kernel; ++tap) {
      distances.push_back(read(i, tap));
      if (distances.back()) *distances.back() -= first(i);
    }
    alike[distances].push_back(i);
  }
  Axis axis{{}, {}, positions};
  for (const auto& [distances, at] : alike) {
    for (size_t i = 0; i < at.size();) {
      AxisRun run{at[i], 1, 1, first(at[i]), 0, axis.taps.size()};
      if (i + 1 < at.size()) {
        run.step = at[i + 1] - at[i];
        run.from_step = first(at[i + 1]) - run.from;
      }
      for (++i; i < at.size() && at[i] == run.begin + run.count * run.step; ++i) ++run.count;
      axis.runs.push_back(run);
    }
    axis.taps.push_back({distances});
  }
  return axis;
}

// One axis of a convolution, from a value of `size` elements.
Axis axis_forward(const Windows& windows, size_t axis, int64_t size) {
  const auto read = [&](int64_t position, int64_t tap) -> std::optional<int64_t> {
    const int64_t element =
        position * windows.strides[axis] - windows.pads_begin[axis] + tap * windows.dilations[axis];
    if (element < 0 || element >= size) return std::nullopt;
    return element;
  };
  return axis_of_windows(windows.positions[axis], windows.kernel[axis], read);
}

// One axis of the gradient by that value: its elements read the windows that read them.
Axis axis_backward(const Windows& windows, size_t axis, int64_t size) {
  const auto read = [&](int64_t element, int64_t tap) -> std::optional<int64_t> {
    const int64_t start = element + windows.pads_begin[axis] - tap * windows.dilations[axis];
    const int64_t position = start / windows.strides[axis];
    const bool is_read = start >= 0 && start % windows.strides[axis] == 0;
    if (!is_read || position >= windows.positions[axis]) return std::nullopt;
    return position;
  };
  return axis_of_windows(size, windows.kernel[axis], read);
}

// Where a weight that is not zero leads from and to: channels of the picture and of the result.
struct Remaining {
  int64_t to;
  int64_t from;
  size_t tap;    // in the flat kernel
  size_t place;  // in the flat weight [M, kH, kW, C / groups]
};

struct Weights {
  std::vector<float> values;  // that are not zero
  std::vector<Remaining> remaining;
  std::vector<int64_t> shape;  // of the whole weight, [M, kH, kW, C / groups]
};

Weights weights_of(const at::Tensor& weight, int64_t groups) {
  const at::Tensor ordered = weight.detach().permute({0, 2, 3, 1}).contiguous();
  Weights result{{}, {}, ordered.sizes().vec()};
  const auto values = elements<float>(ordered);
  const auto inputs = static_cast<size_t>(ordered.size(3));
  const auto taps = static_cast<size_t>(ordered.size(1) * ordered.size(2));
  for (size_t place = 0; place < values.size(); ++place) {
    if (values[place] == 0) continue;
    const auto to = static_cast<int64_t>(place / (inputs * taps));
    const int64_t group = to / (ordered.size(0) / groups);
    const auto from = static_cast<int64_t>(place % inputs) + group * ordered.size(3);
    result.values.push_back(values[place]);
    result.remaining.push_back({to, from, place / inputs % taps, place});
  }
  return result;
}

// One direction of a convolution.
struct Direction {
  Axis rows;
  Axis columns;
  int64_t from_width;
  int64_t from_channels;
  int64_t to_channels;
  int64_t inputs;  // that a window of the dense convolution reads
  bool backward;
};

// Everything that one direction needs, made once.
struct Sweep {
  SparseWindows windows;
  int64_t inputs;  // that a window of the dense convolution reads
  // Channels [begin, end) of the result that work on so few weights that these stay in the cache.
  std::vector<std::pair<int32_t, int32_t>> blocks;
};

// `begins`: index of every channel's first weight.
std::vector<std::pair<int32_t, int32_t>> blocks_of(const std::vector<size_t>& begins) {
  constexpr size_t kWeights = 2048;
  std::vector<std::pair<int32_t, int32_t>> blocks{{0, 0}};
  for (size_t channel = 0; channel + 1 < begins.size(); ++channel) {
    const auto first = static_cast<size_t>(blocks.back().first);
    const auto end = static_cast<int32_t>(channel + 1);
    if (channel > first && begins[channel + 1] - begins[first] > kWeights) {
      blocks.emplace_back(end - 1, end);
    } else {
      blocks.back().second = end;
    }
  }
  return blocks;
}

// A remaining weight as one direction sees it.
struct WayTap {
  int32_t from;    // floats from a position's first line to that of the channel it multiplies
  int32_t weight;  // index
  size_t tap;      // in the flat kernel
};

// The remaining weights, sorted by the channel that they lead to, and where each channel begins.
struct SortedTaps {
  std::vector<WayTap> taps;
  std::vector<size_t> begins;
};

SortedTaps sorted_taps(const Direction& way, const Weights& weights, int64_t batch) {
  const std::vector<Remaining>& remaining = weights.remaining;
  const auto to = [&](const Remaining& one) {
    return static_cast<size_t>(way.backward ? one.from : one.to);
  };
  SortedTaps sorted;
  sorted.begins.resize(static_cast<size_t>(way.to_channels) + 1);
  for (const Remaining& one : remaining) ++sorted.begins[to(one) + 1];
  std::partial_sum(sorted.begins.begin(), sorted.begins.end(), sorted.begins.begin());
  std::vector<size_t> next = sorted.begins;
  sorted.taps.resize(remaining.size());
  for (size_t i = 0; i < remaining.size(); ++i) {
    const Remaining& one = remaining[i];
    const int64_t from = (way.backward ? one.to : one.from) * batch;
    sorted.taps[next[to(one)]++] = {static_cast<int32_t>(from), static_cast<int32_t>(i), one.tap};
  }
  return sorted;
}

// The taps that meet the value where rows and columns meet it with these.
TapLists lists_of(const SortedTaps& sorted, const std::vector<std::optional<int32_t>>& distances) {
  constexpr int32_t kNone = std::numeric_limits<int32_t>::min();
  std::vector<int32_t> flat;
  for (const std::optional<int32_t>& distance : distances) flat.push_back(distance.value_or(kNone));
  TapLists lists;
  lists.begins.reserve(sorted.begins.size());
  lists.taps.resize(sorted.taps.size());
  size_t end = 0;
  for (size_t channel = 0; channel + 1 < sorted.begins.size(); ++channel) {
    lists.begins.push_back(static_cast<int32_t>(end));
    for (size_t i = sorted.begins[channel]; i < sorted.begins[channel + 1]; ++i) {
      const WayTap& one = sorted.taps[i];
      const int32_t distance = flat[one.tap];
      lists.taps[end] = {distance + one.from, one.weight};
      end += distance == kNone ? 0 : 1;
    }
  }
  lists.begins.push_back(static_cast<int32_t>(end));
  lists.taps.resize(end);
  return lists;
}

Sweep sweep_of(const Direction& way, const Weights& weights, int64_t batch) {
  const auto line = [&](int64_t y, int64_t x) {
    return (y * way.from_width + x) * way.from_channels * batch;
  };
  const SortedTaps sorted = sorted_taps(way, weights, batch);
  Sweep sweep{{}, way.inputs, blocks_of(sorted.begins)};
  for (const AxisTaps& rows : way.rows.taps) {
    for (const AxisTaps& columns : way.columns.taps) {
      std::vector<std::optional<int32_t>> distances;
      for (const std::optional<int64_t>& y : rows.distances) {
        for (const std::optional<int64_t>& x : columns.distances) {
          distances.emplace_back();
          if (y && x) distances.back() = static_cast<int32_t>(line(*y, *x));
        }
      }
      sweep.windows.lists.push_back(lists_of(sorted, distances));
    }
  }
  for (const AxisRun& row : way.rows.runs) {
    for (int64_t i = 0; i < row.count; ++i) {
      for (const AxisRun& column : way.columns.runs) {
        const int64_t y = row.begin + i * row.step;
        const int64_t first = y * way.columns.positions + column.begin;
        sweep.windows.runs.push_back({.in = line(row.from + i * row.from_step, column.from),
                                      .out = first * way.to_channels * batch,
                                      .count = column.count,
                                      .in_step = line(0, column.from_step),
                                      .out_step = column.step * way.to_channels * batch,
                                      .lists = row.taps * way.columns.taps.size() + column.taps});
      }
    }
  }
  return sweep;
}

struct Plan : torch::CustomClassHolder {
  Weights weights;
  Sweep forward;
  Sweep backward;  // if the gradient by the picture is wanted
  int64_t batch = 0;
  // For gradients of gradients.
  std::vector<int64_t> strides;
  std::vector<int64_t> pads;
  std::vector<int64_t> dilations;
  int64_t groups = 1;
};

c10::intrusive_ptr<Plan> plan_of(const SparseConvolution& convolution) {
  auto plan = c10::make_intrusive<Plan>();
  const Windows& windows = convolution.windows;
  const at::Tensor& x = convolution.x;
  const at::Tensor& weight = convolution.weight;
  plan->strides = windows.strides;
  plan->pads = windows.pads_begin;
  plan->dilations = windows.dilations;
  plan->groups = convolution.groups;
  plan->batch = x.size(0);
  plan->weights = weights_of(weight, convolution.groups);
  plan->forward = sweep_of({.rows = axis_forward(windows, 0, x.size(2)),
                            .columns = axis_forward(windows, 1, x.size(3)),
                            .from_width = x.size(3),
                            .from_channels = x.size(1),
                            .to_channels = weight.size(0),
                            .inputs = weight[0].numel(),
                            .backward = false},
                           plan->weights, plan->batch);
  if (!at::GradMode::is_enabled() || !x.requires_grad()) return plan;
  plan->backward = sweep_of({.rows = axis_backward(windows, 0, x.size(2)),
                             .columns = axis_backward(windows, 1, x.size(3)),
                             .from_width = windows.positions[1],
                             .from_channels = weight.size(0),
                             .to_channels = x.size(1),
                             .inputs = weight.numel() / x.size(1),
                             .backward = true},
                            plan->weights, plan->batch);
  return plan;
}

// Calls use(chunk, part) for every chunk of `lanes` samples and, within, every block of channels.
template <typename Use>
void for_each_part(const Sweep& sweep, int64_t batch, int64_t lanes, const Use& use) {
  at::parallel_for(0, (batch + lanes - 1) / lanes, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t left = std::min(lanes, batch - i * lanes);
      int64_t done = 0;
      while (done < left) {
        // The kernels take one, two or four groups of samples.
        int64_t now = kMostLanes;
        while (now > left - done) now /= 2;
        for (const auto& [first, last] : sweep.blocks) {
          use(i, SparsePart{i * lanes + done, now, first, last});
        }
        done += now;
      }
    }
  });
}

// Samples of a chunk that one thread works on: as many as lie side by side, unless what the windows
// read would leave the fastest cache or threads would be idle. The numbers do not depend on it.
int64_t lanes_of_chunk(const Sweep& sweep, int64_t batch) {
  constexpr int64_t kInputs = 256;
  const bool fits = sweep.inputs <= kInputs && batch >= kMostLanes * at::get_num_threads();
  return fits ? kMostLanes : kMostLanes / 2;
}

// Room for a value [N, C, H, W] whose samples lie side by side.
at::Tensor room_in_lines(at::IntArrayRef shape, const at::TensorOptions& options) {
  return at::empty({shape[2], shape[3], shape[1], shape[0]}, options).permute({3, 2, 0, 1});
}

// `x` times the weights of one direction.
void convolve(const Plan& plan, const Sweep& sweep, const at::Tensor& x, const at::Tensor& bias,
              const at::Tensor& result) {
  const SparseInputs inputs{plan.weights.values.data(), x.data_ptr<float>(), plan.batch};
  for_each_part(sweep, plan.batch, lanes_of_chunk(sweep, plan.batch),
                [&](int64_t, const SparsePart& part) {
                  convolve_sparse(sweep.windows, part, inputs, bias.data_ptr<float>(),
                                  result.data_ptr<float>());
                });
}

struct ParameterGradients {
  at::Tensor by_weight;  // [M, C / groups, kH, kW]
  at::Tensor by_bias;    // [M]
};

ParameterGradients parameter_gradients(const Plan& plan, const at::Tensor& x,
                                       const at::Tensor& by_out) {
  // Chunks are as large whatever the number of threads: their sums are added up in order.
  constexpr int64_t kLanes = kMostLanes / 2;
  const int64_t chunks = (plan.batch + kLanes - 1) / kLanes;
  const auto count = static_cast<int64_t>(plan.weights.remaining.size());
  const at::Tensor weights = at::zeros({chunks, count, kLaneGroup}, x.options());
  const at::Tensor biases = at::zeros({chunks, by_out.size(1), kLaneGroup}, x.options());
  const SparseInputs inputs{plan.weights.values.data(), x.data_ptr<float>(), plan.batch};
  for_each_part(plan.forward, plan.batch, kLanes, [&](int64_t chunk, const SparsePart& part) {
    const SparseSums sums{weights.data_ptr<float>() + chunk * weights.stride(0),
                          biases.data_ptr<float>() + chunk * biases.stride(0)};
    add_sparse_gradients(plan.forward.windows, part, inputs, by_out.data_ptr<float>(), sums);
  });
  const at::Tensor by_weight = at::zeros(plan.weights.shape, x.options());
  const at::Tensor of_chunks = weights.sum(2).sum(0);
  const auto from = elements<float>(of_chunks);
  const auto to = elements<float>(by_weight);
  for (size_t i = 0; i < plan.weights.remaining.size(); ++i) {
    to[plan.weights.remaining[i].place] = from[i];
  }
  return {by_weight.permute({0, 3, 1, 2}), biases.sum(2).sum(0)};
}

struct SparseConvolutionFunction : torch::autograd::Function<SparseConvolutionFunction> {
  // `x` has its samples side by side.
  static Variable forward(AutogradContext* context, const Variable& x, const Variable& weight,
                          const Variable& bias, const c10::intrusive_ptr<Plan>& plan,
                          const std::vector<int64_t>& positions) {
    context->saved_data["plan"] = c10::IValue::make_capsule(plan);
    context->save_for_backward({x, weight});
    const at::Tensor result =
        room_in_lines({x.size(0), weight.size(0), positions[0], positions[1]}, x.options());
    convolve(*plan, plan->forward, x, bias.contiguous(), result);
    return result;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const auto held = context->saved_data["plan"].toCapsule();
    const auto& plan = static_cast<const Plan&>(*held);
    const at::Tensor& x = saved[0];
    const at::Tensor& weight = saved[1];
    const std::array<bool, 3> wanted{context->needs_input_grad(0), context->needs_input_grad(1),
                                     context->needs_input_grad(2)};
    if (at::GradMode::is_enabled()) {  // gradients of gradients follow
      const std::vector<int64_t> none(2, 0);
      const auto [by_x, by_weight, by_bias] = at::convolution_backward(
          gradients.front(), x, weight, at::OptionalIntArrayRef({weight.size(0)}), plan.strides,
          plan.pads, plan.dilations, /*transposed=*/false, none, plan.groups, wanted);
      return {by_x, by_weight, by_bias, {}, {}};
    }
    const at::Tensor by_out = with_samples_together(gradients.front());
    at::Tensor by_x;
    if (wanted[0]) {
      by_x = room_in_lines(x.sizes(), x.options());
      convolve(plan, plan.backward, by_out, at::zeros({x.size(1)}, x.options()), by_x);
    }
    if (!wanted[1] && !wanted[2]) return {by_x, {}, {}, {}, {}};
    const auto [by_weight, by_bias] = parameter_gradients(plan, x, by_out);
    return {by_x, by_weight, by_bias, {}, {}};
  }
};

}  // namespace

bool is_sparse(const SparseConvolution& convolution) {
  constexpr double kSparse = 0.3;
  constexpr int64_t kLargestKernel = 49;
  constexpr int64_t kFewInputs = 32;
  const at::Tensor& x = convolution.x;
  const at::Tensor& weight = convolution.weight;
  const auto is_float = [](const at::Tensor& tensor) {
    return tensor.scalar_type() == at::kFloat && tensor.device().is_cpu();
  };
  if (x.dim() != 4 || x.size(0) < kLaneGroup || !is_float(x) || !is_float(weight)) return false;
  if (convolution.bias.defined() && !is_float(convolution.bias)) return false;
  const int64_t kernel = weight.size(2) * weight.size(3);
  const int64_t reach =
      convolution.windows.extent(0) * x.size(3) * x.size(1) * (x.size(0) + kLaneGroup);
  if (kernel > kLargestKernel || reach > std::numeric_limits<int32_t>::max()) return false;
  const int64_t remaining = weight.count_nonzero().item<int64_t>();
  // Where an output has few inputs, reading and writing take the time, and dense layers between
  // sparse ones would have to change the order of the samples.
  if (weight.numel() / weight.size(0) <= kFewInputs) return remaining < weight.numel();
  return static_cast<double>(remaining) < kSparse * static_cast<double>(weight.numel());
}

at::Tensor sparse_convolution(const SparseConvolution& convolution) {
  const at::Tensor& x = convolution.x;
  const int64_t missing = (kLaneGroup - x.size(0) % kLaneGroup) % kLaneGroup;
  SparseConvolution whole = convolution;
  whole.x = with_samples_together(x);
  if (missing > 0)
    whole.x = with_samples_together(at::constant_pad_nd(whole.x, {0, 0, 0, 0, 0, 0, 0, missing}));
  if (!whole.bias.defined()) whole.bias = at::zeros({whole.weight.size(0)}, x.options());
  const at::Tensor result = SparseConvolutionFunction::apply(
      whole.x, whole.weight, whole.bias, plan_of(whole), whole.windows.positions);
  return missing > 0 ? result.slice(0, 0, x.size(0)) : result;
}

}  // namespace ncprune
