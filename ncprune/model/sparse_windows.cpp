#include "ncprune/model/sparse_windows.h"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <optional>

namespace ncprune {
namespace {

// A direction reads one value and writes another, its result. Positions along an axis of the result
// at even distances that read with the same taps; a tap is an index in the kernel.
struct AxisRun {
  int64_t begin;  // the first position
  int64_t step;   // from one to the next
  int64_t count;
  int64_t from;       // the element that the first tap reads at the first position
  int64_t from_step;  // from there to the one at the next position
  size_t taps;        // index of its AxisTaps
};

struct AxisTaps {
  // By tap: elements from the one that the first tap reads; nothing for a tap that reads padding or
  // between the strides.
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
    const int64_t start = first(i);
    std::vector<std::optional<int64_t>> distances;
    for (int64_t tap = 0; tap < kernel; ++tap) {
      distances.push_back(read(i, tap));
      if (distances.back()) *distances.back() -= start;
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

// One direction of a convolution.
struct Direction {
  Axis rows;
  Axis columns;
  int64_t from_width;
  int64_t from_channels;
  int64_t to_channels;
  bool backward;
};

// `begins`: index of every channel's first weight.
std::vector<std::pair<int32_t, int32_t>> channel_blocks(const std::vector<size_t>& begins) {
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

SortedTaps sorted_taps(const Direction& way, const RemainingWeights& weights, int64_t batch) {
  const std::vector<RemainingWeight>& remaining = weights.places;
  const auto to = [&](const RemainingWeight& one) {
    return static_cast<size_t>(way.backward ? one.from : one.to);
  };
  SortedTaps sorted;
  sorted.begins.resize(static_cast<size_t>(way.to_channels) + 1);
  for (const RemainingWeight& one : remaining) ++sorted.begins[to(one) + 1];
  std::partial_sum(sorted.begins.begin(), sorted.begins.end(), sorted.begins.begin());
  std::vector<size_t> next = sorted.begins;
  sorted.taps.resize(remaining.size());
  for (size_t i = 0; i < remaining.size(); ++i) {
    const RemainingWeight& one = remaining[i];
    const int64_t from = (way.backward ? one.to : one.from) * batch;
    sorted.taps[next[to(one)]++] = {static_cast<int32_t>(from), static_cast<int32_t>(i), one.tap};
  }
  return sorted;
}

// The taps that meet the value where rows and columns meet it with these.
TapLists lists_of(const SortedTaps& sorted, const std::vector<std::optional<int32_t>>& distances) {
  constexpr int32_t kNone = std::numeric_limits<int32_t>::min();
  std::vector<int32_t> flat;
  flat.reserve(distances.size());
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

SparseSweep sweep_of(const Direction& way, const RemainingWeights& weights, int64_t batch) {
  const auto line = [&](int64_t y, int64_t x) {
    return (y * way.from_width + x) * way.from_channels * batch;
  };
  const SortedTaps sorted = sorted_taps(way, weights, batch);
  const int64_t taps = static_cast<int64_t>(way.rows.taps.front().distances.size() *
                                            way.columns.taps.front().distances.size());
  SparseSweep sweep{{}, taps * way.from_channels, channel_blocks(sorted.begins)};
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

}  // namespace

RemainingWeights remaining_weights(const at::Tensor& weight, int64_t groups) {
  const at::Tensor ordered = weight.detach().permute({0, 2, 3, 1}).contiguous();
  RemainingWeights result{{}, {}, ordered.sizes().vec()};
  const auto values = elements<float>(ordered);
  const auto inputs = static_cast<size_t>(ordered.size(3));
  const auto taps = static_cast<size_t>(ordered.size(1) * ordered.size(2));
  for (size_t place = 0; place < values.size(); ++place) {
    if (values[place] == 0) continue;
    const auto to = static_cast<int64_t>(place / (inputs * taps));
    const int64_t group = to / (ordered.size(0) / groups);
    const auto from = static_cast<int64_t>(place % inputs) + group * ordered.size(3);
    result.values.push_back(values[place]);
    result.places.push_back({to, from, place / inputs % taps, place});
  }
  return result;
}

SparseSweep forward_sweep(const SparseSizes& sizes, const RemainingWeights& weights) {
  return sweep_of({.rows = axis_forward(sizes.windows, 0, sizes.height),
                   .columns = axis_forward(sizes.windows, 1, sizes.width),
                   .from_width = sizes.width,
                   .from_channels = sizes.channels,
                   .to_channels = sizes.results,
                   .backward = false},
                  weights, sizes.samples);
}

SparseSweep backward_sweep(const SparseSizes& sizes, const RemainingWeights& weights) {
  return sweep_of({.rows = axis_backward(sizes.windows, 0, sizes.height),
                   .columns = axis_backward(sizes.windows, 1, sizes.width),
                   .from_width = sizes.windows.positions[1],
                   .from_channels = sizes.results,
                   .to_channels = sizes.channels,
                   .backward = true},
                  weights, sizes.samples);
}

bool is_affordable(const SparseSizes& sizes, int64_t remaining) {
  constexpr int64_t kTaps = int64_t{1} << 25;
  const Windows& windows = sizes.windows;
  // Along an axis windows differ in the taps that padding cuts off and, for gradients, in those
  // that a stride leaves out.
  int64_t lists = 1;
  for (size_t axis = 0; axis < 2; ++axis) {
    lists *= std::min(std::max(windows.positions[axis], axis == 0 ? sizes.height : sizes.width),
                      2 * windows.kernel[axis] + windows.strides[axis]);
  }
  if (remaining > kTaps / lists) return false;
  constexpr double kOffsets = std::numeric_limits<int32_t>::max();
  const auto width = static_cast<double>(std::max(sizes.width, windows.positions[1]));
  const auto line = static_cast<double>(std::max(sizes.channels, sizes.results) * sizes.samples);
  const auto reach = static_cast<double>(windows.extent(0));
  return (reach * width + static_cast<double>(windows.extent(1))) * line < kOffsets;
}

}  // namespace ncprune
